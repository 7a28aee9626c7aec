import { invalid } from "../../abi/error.ts";
import { parseReference } from "../../oci/reference.ts";
import { verb } from "../verb.ts";
import { verifiesTls } from "./pull.ts";

export const login = verb({
  synopsis: "login [flags] [REGISTRY]",
  summary: "Log in to a registry: docker.io unless another is named",
  flags: [
    { name: "username", short: "u", value: "NAME", help: "who logs in" },
    {
      name: "password",
      short: "p",
      value: "PASSWORD",
      help: "seen by every user of this machine; better: --password-stdin",
    },
    { name: "password-stdin", help: "read the password from standard input" },
    { name: "tls-verify", help: "--tls-verify=false allows plain http and unknown certificates" },
  ],
  words: [0, 1],
  async run({ words, value, has }) {
    const registry = parseRegistry(words[0]);
    const tlsVerify = verifiesTls(value("tls-verify"));
    const fromStdin = has("password-stdin");
    if (fromStdin && value("password") !== undefined)
      throw invalid("--password and --password-stdin contradict each other");
    if (fromStdin && value("username") === undefined)
      throw invalid("--password-stdin needs the user's name", "add -u NAME");
    const { ask } = await import("../ask.ts");
    const username = value("username") ?? ask(`Username for ${registry}: `);
    const password =
      value("password") ??
      (fromStdin
        ? (await Bun.stdin.text()).replace(/\r?\n$/, "")
        : ask("Password: ", { secret: true }));
    if (username === "" || username.includes(":") || password === "")
      throw invalid("a login needs a name without a colon, and a password");
    const { login: logIn } = await import("../../registry/login.ts");
    const place = await logIn(registry, { username, password }, { tlsVerify });
    console.log(`logged in to ${registry} as ${username}, kept in ${place}`);
    return 0;
  },
});

/** `docker.io`, `host:5000`; of a reference, its registry. */
export function parseRegistry(word = "docker.io"): string {
  const host = word.replace(/^https?:\/\//, "").replace(/\/(?:v[12]\/?)?$/, "");
  if (/^(?:registry-1|index)\.docker\.io$/.test(host)) return "docker.io";
  const looksRight = host === "localhost" || /[.:]/.test(host);
  if (looksRight && !host.includes("/")) return parseReference(`${host}/x`).registry;
  throw invalid(`${JSON.stringify(word)} is not a registry`, "it looks like ghcr.io or host:5000");
}
