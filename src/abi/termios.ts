/** struct termios of ioctl_tty(2) (asm-generic/termbits.h): four words of flags, c_line, 19 control characters. */
export const SIZE_OF_TERMIOS = 36;

/** The words, in order: c_iflag, c_oflag, c_cflag, c_lflag. */
const offsets = { input: 0, output: 4, control: 8, local: 12 } as const;

/** IGNBRK BRKINT PARMRK ISTRIP INLCR IGNCR ICRNL IXON */
const INPUT_PROCESSING = 0o1 | 0o2 | 0o10 | 0o40 | 0o100 | 0o200 | 0o400 | 0o2000;
const OPOST = 0o1;
/** ISIG ICANON ECHO ECHONL IEXTEN */
const LOCAL_PROCESSING = 0o1 | 0o2 | 0o10 | 0o100 | 0o100000;
const [CSIZE, PARENB, CS8] = [0o60, 0o400, 0o60];

/**
 * cfmakeraw(3): every byte is passed on as it is, in both directions. `outputOnly` leaves the keyboard alone, so that ^C is
 * still a signal: the container's terminal has already made \r\n of \n, and must not have it done twice.
 */
export function makeRaw(termios: Uint8Array, outputOnly = false): Uint8Array {
  const raw = termios.slice();
  const view = new DataView(raw.buffer, raw.byteOffset);
  const change = (at: number, clear: number, set = 0) =>
    view.setUint32(at, (view.getUint32(at, true) & ~clear) | set, true);
  change(offsets.output, OPOST);
  if (outputOnly) return raw;
  change(offsets.input, INPUT_PROCESSING);
  change(offsets.local, LOCAL_PROCESSING);
  change(offsets.control, CSIZE | PARENB, CS8);
  return raw;
}
