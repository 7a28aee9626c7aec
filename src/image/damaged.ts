import { KontenerError } from "../abi/error.ts";

/** An archive that cannot be what its maker wrote, or that must not be unpacked. */
export const damaged = (message: string, cause?: unknown): KontenerError =>
  new KontenerError(message, {
    code: "IMAGE",
    hint: "nothing was unpacked; get the archive again, or from another source",
    cause,
  });

/** An archive that refers to what it does not contain; a layer may mean something of the layers below it. */
export class NotInArchive extends KontenerError {
  constructor(message: string) {
    super(message, { code: "IMAGE", hint: damaged("").hint });
  }
}
