import { KontenerError } from "../../abi/error.ts";
import { verb } from "../verb.ts";
import { parseRegistry } from "./login.ts";

export const logout = verb({
  synopsis: "logout [REGISTRY]",
  summary: "Forget a login: docker.io's unless another registry is named",
  flags: [],
  words: [0, 1],
  async run({ words }) {
    const registry = parseRegistry(words[0]);
    const { logout: logOut } = await import("../../registry/login.ts");
    const places = await logOut(registry);
    if (places.length === 0)
      throw new KontenerError(`there is no login for ${registry}`, {
        code: "NOT_FOUND",
        exitCode: 1,
      });
    console.log(`logged out of ${registry}: forgotten in ${places.join(", ")}`);
    return 0;
  },
});
