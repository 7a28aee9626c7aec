/** The same Dockerfile through `kontener build` and `buildah build`: the same files, the same config. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { snapshot } from "../image-snapshot.ts";
import { describeAsRoot, Engine } from "../support.ts";
import { BASE, configOf, context, sh, withMounted, type Files } from "./world.ts";

const files: Files = {
  "a.txt": "a",
  "run me": { text: "#!/bin/sh\n", mode: 0o755 },
  "dir/b": { text: "b", mode: 0o600 },
  "dir/sub/c": "c",
  "dir/link": { link: "sub/c" },
  "dir/broken": { link: "/nowhere" },
  "x1.log": "1",
  "x2.log": "2",
  "x3.txt": "3",
  "secret/key": "s",
  "secret/public": "p",
  ".dockerignore": "# not these\nsecret\n!secret/public\n**/*.bak\nx2*\n",
  "dir/old.bak": "",
};

const head = "FROM scratch AS base\nADD base.tar /\nENV PATH=/bin\nFROM base\n";

/** By name: what comes after the base. */
const cases: Record<string, string> = {
  "COPY of files, directories, globs, links": `
COPY a.txt /
COPY a.txt /new/deep/name
COPY dir /dir/
COPY dir/ /dir2
COPY *.txt x*.log /many/
COPY ["run me", "/bin/tool"]
COPY dir/link /followed
WORKDIR /w/x
COPY . .
COPY dir/sub ../up/`,
  "COPY over links and onto what is there": `
COPY dir /lib
COPY a.txt /lib/
RUN ln -s /target /etc/to && mkdir /target /target/sub && chmod 700 /target/sub
COPY dir /etc/to/
COPY a.txt /target/sub
COPY x1.log /target/sub/a.txt`,
  "owners and modes": `
COPY --chown=app dir/b /o/name
COPY --chown=app:grp dir/b /p/
COPY --chown=12:13 dir/b /q
COPY --chmod=0751 a.txt /m
COPY --chmod=4755 --chown=0:7 a.txt /n`,
  "from a stage": `
RUN mkdir -p /out/d && echo x > /out/d/f && chown 5:6 /out/d/f && chmod 2711 /out/d && ln -s f /out/d/l
FROM base
COPY --from=1 /out /all
COPY --from=1 /out/d/f /one
COPY --from=base /etc/passwd /e/`,
  "RUN, what it deletes and replaces": `
RUN mkdir /d && echo 1 > /d/a && echo 2 > /d/b && echo 3 > /f
RUN rm /d/a && rm /f && mkdir /f && echo 4 > /f/in
RUN rm -r /d && mkdir /d && echo 5 > /d/c && rm /etc/group
RUN ["/bin/sh", "-c", "echo exec > /e"]
SHELL ["/bin/env", "A=1", "/bin/sh", "-c"]
RUN echo $A > /a`,
  "variables and metadata": `
ARG X=x
ARG Y
ENV A=\${X:-no} B="\${Y:+set}two words" C=a\\ b
ENV A=\${A}\${A} OLD=$A
ENV LEGACY one $A
LABEL l=$A "k k"='single $A'
WORKDIR /v/\${X}
RUN echo $A $X > out
USER app:grp
EXPOSE 80 53/udp
VOLUME /data
STOPSIGNAL SIGINT
HEALTHCHECK --interval=1m30s --timeout=3s --retries=2 CMD test -f x
MAINTAINER me
ENTRYPOINT ["/bin/echo"]
CMD ["a", "b"]`,
  "shell forms, one after the other": `
CMD one two
ENTRYPOINT exec run $x
CMD three`,
};

const buildah = (storage: string, words: string): string =>
  `buildah --root ${storage}/root --runroot ${storage}/run --storage-driver vfs ${words}`;

describeAsRoot("kontener build and buildah", () => {
  const engine = new Engine(71);
  const storage = `${engine.directory}/buildah`;
  const directory = context(files);
  beforeAll(async () => {
    await sh(BASE, directory);
    mkdirSync(storage);
  });
  afterAll(async () => {
    await sh(buildah(storage, "rm -a") + "; " + buildah(storage, "rmi -a -f"), "/");
  });

  for (const [name, body] of Object.entries(cases))
    test(`${name}: the same files, the same config`, async () => {
      const file = `${directory}/Dockerfile`;
      await Bun.write(file, head + body);
      const given = body.includes("ARG Y") ? ["--build-arg", "Y=1"] : [];
      const args = ["build", "-q", "--network", "none", ...given, "-f", file, directory];
      const { stdout, stderr, exitCode } = await engine.run(args);
      expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
      const id = stdout.trim();
      const bud = `bud --format docker --isolation chroot --network host ${given.join(" ")} -q -f ${file} ${directory}`;
      const other = (await sh(buildah(storage, bud), directory)).trim();

      const container = (await sh(buildah(storage, `from --pull-never ${other}`), "/")).trim();
      const root = (await sh(buildah(storage, `mount ${container}`), "/")).trim();
      const ours = await withMounted(engine, id, tree);
      expect(ours).toEqual(tree(root));

      const inspected = JSON.parse(
        await sh(buildah(storage, `inspect --type image ${other}`), "/"),
      );
      expect(comparable(configOf(engine, id).config)).toEqual(comparable(inspected.Docker.config));
    });
});

/** Without times, which differ by the moment, without what a RUN's mounts cover, and the root's mode, 0555 in buildah. */
const tree = (root: string): string[] =>
  snapshot(root)
    .map((line) => line.replace(/ @-?\d+/, ""))
    .filter(
      (line) => !/^("" |"\/(etc\/(hosts|resolv\.conf|hostname)|run|dev|proc|sys)["/])/.test(line),
    );

/** The same in one spelling: no empty fields, no label of buildah's, and PATH as it is. */
function comparable(config: object | undefined): object {
  const entries = Object.entries(config ?? {}).map(([key, value]) => {
    if (key === "Hostname") return [key, ""]; // the build container's
    if (key !== "Labels") return [key, value];
    const { "io.buildah.version": _, ...labels } = value as Record<string, string>;
    return [key, labels];
  });
  return Object.fromEntries(
    entries.filter(([, value]) => value !== "" && value !== null && Object.keys(value).length > 0),
  );
}
