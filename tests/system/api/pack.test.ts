import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { describeAsRoot, root } from "../support.ts";
import { useEngine } from "./library.ts";

/** As `bun init` writes it. */
const tsconfig = JSON.stringify({
  compilerOptions: {
    lib: ["ESNext"],
    target: "ESNext",
    module: "Preserve",
    moduleResolution: "bundler",
    allowImportingTsExtensions: true,
    verbatimModuleSyntax: true,
    noEmit: true,
    strict: true,
    skipLibCheck: true,
    types: ["bun-types"],
  },
  include: ["index.ts"],
});

describeAsRoot("the package, installed into an empty project", () => {
  const engine = useEngine(47);
  const project = `${engine.directory}/project`;

  async function inProject(...command: string[]): Promise<string> {
    // The engine of the tests may reach no registry of images; packages come from where they usually do.
    const { HTTPS_PROXY: _, NO_PROXY: __, ...env } = engine.env;
    const child = Bun.spawn(command, {
      cwd: project,
      env: { ...process.env, ...env, PATH: `${project}/node_modules/.bin:${process.env["PATH"]}` },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    if ((await child.exited) !== 0) throw new Error(`${command.join(" ")}: ${out}${err}`);
    return out;
  }

  test("is imported, type-checked and run from the command line", async () => {
    mkdirSync(project);
    const bun = process.execPath;
    const pack = Bun.spawnSync([bun, "pm", "pack", "--quiet", "--destination", engine.directory], {
      cwd: root,
    });
    expect(pack.stderr.toString()).toBe("");
    const tarball = readdirSync(engine.directory).find((name) => name.endsWith(".tgz"));
    writeFileSync(`${project}/package.json`, '{ "name": "empty", "type": "module" }');
    await inProject(bun, "add", `${engine.directory}/${tarball}`);
    writeFileSync(
      `${project}/index.ts`,
      `import { container, run } from "kontener";
       const { stdout } = await run("busybox", ["echo", "one"], { network: "none" });
       await using box = await container("busybox", { network: "none" });
       console.log(stdout + (await box.$\`echo \${"two"}\`.text()));`,
    );
    writeFileSync(`${project}/tsconfig.json`, tsconfig);
    await inProject(bun, "add", "--dev", "bun-types@1.4.5");
    await inProject(bun, "check");
    expect(await inProject(bun, "index.ts")).toBe("one\ntwo\n\n");
    const words = ["run", "--network", "none", "busybox", "echo", "three"];
    expect(await inProject("kontener", ...words)).toBe("three\n");
    if (Bun.which("npx"))
      expect(await inProject("npx", "--no-install", "kontener", ...words)).toBe("three\n");
  });
});
