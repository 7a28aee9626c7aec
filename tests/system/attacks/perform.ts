/** Performs the plan in file argv[2], and ends with the container's exit code, or 125 where it was not born. */
import { readFileSync } from "node:fs";
import { launch } from "../../../src/launch/launch.ts";
import { decodeRequest } from "../../../src/launch/reference/request.ts";

const { plan } = decodeRequest(readFileSync(process.argv[2]!));
try {
  const { code } = await launch(
    plan,
    { stdio: ["ignore", "inherit", "inherit"] },
    { born: () => {} },
  );
  process.exitCode = code;
} catch (error) {
  console.error(error);
  process.exitCode = 125;
}
