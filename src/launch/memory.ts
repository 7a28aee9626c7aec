/**
 * A plan as the launcher program reads it: a header, a table of system calls, and the data that their arguments point to,
 * laid out for memory at a fixed address.
 *
 *   header, 64 bytes          u32 kind=failure, u32 offset of the step that failed, i64 -errno, 16 bytes of 0   (a message)
 *                             u32 offset to go to after a failure, u32 0, i64 scratch
 *   step, 72 bytes            u16 number, u16 flags, u32 jump, u32 store, u32 0, 6 × u64 arguments, u64 ignored errors
 *
 * jump: offset to go to when the result is positive (a fork's parent side) or an ignored error; 0 is the next step.
 * store: offset to which the 64-bit result is written. ignored errors: bit (errno mod 64).
 */
export const BASE = 0x500200;
/** Room for a plan: the launcher's writable segment. Pages that no plan fills are never there. */
export const ROOM = 4 << 20;
export const HEADER = 64;
export const STEP = 72;
