import { KontenerError } from "../abi/error.ts";

/** An archive that cannot be what its maker wrote, or that must not be unpacked. */
export const damaged = (message: string, cause?: unknown): KontenerError =>
  new KontenerError(message, {
    code: "IMAGE",
    hint: "nothing was unpacked; get the archive again, or from another source",
    cause,
  });
