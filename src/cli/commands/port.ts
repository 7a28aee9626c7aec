import { KontenerError } from "../../abi/error.ts";
import { findContainer } from "../../engine/list.ts";
import { portsOf } from "../../engine/ports.ts";
import { paths as statePaths } from "../../linux/paths.ts";
import { parsePort } from "../../spec/publish.ts";
import { wantsJson } from "../format.ts";
import { verb } from "../verb.ts";

export const port = verb({
  synopsis: "port CONTAINER [PORT[/tcp|/udp]]",
  summary: "Show at which of the host's ports a container is reached",
  flags: [{ name: "format", value: "text|json", help: "text, or a list of JSON objects" }],
  words: [1, 2],
  run({ words: [word = "", inner], value }) {
    const json = wantsJson(value("format") ?? "text");
    const paths = statePaths();
    const { record } = findContainer(word, paths);
    const wanted = inner === undefined ? undefined : parsePort("port", inner);
    const ports = portsOf(record.id, paths).filter(
      ({ containerPort, protocol }) =>
        wanted === undefined ||
        (containerPort === wanted.containerPort && protocol === wanted.protocol),
    );
    if (wanted !== undefined && ports.length === 0)
      throw new KontenerError(
        `container ${record.name} publishes no port ${wanted.containerPort}/${wanted.protocol}`,
        { code: "NOT_FOUND", hint: `kontener port ${record.name} shows what it does`, exitCode: 1 },
      );
    if (json) console.log(JSON.stringify(ports));
    else
      for (const { containerPort, protocol, hostIp, hostPort } of ports)
        console.log(
          `${wanted === undefined ? `${containerPort}/${protocol} -> ` : ""}${hostIp}:${hostPort}`,
        );
    return Promise.resolve(0);
  },
});
