import { errnos, type Errno } from "../abi/errno.ts";
import { SyscallError } from "../abi/error.ts";
import { changeOwner, close, makeDirectory, openToWrite, writeText } from "../linux/files.ts";
import { call } from "../linux/libc.ts";
import { Pace } from "../linux/turn.ts";
import type { HostStep } from "../plan/host-step.ts";

export type HostStepDone = (step: HostStep, result: number, milliseconds: number) => void;

/**
 * Does the engine's own steps, in order. Files are small and in memory (cgroupfs, a state directory), so that doing it
 * without a thread is the shorter way. `pid` is what `$PID` stands for.
 */
export async function doHostSteps(
  steps: readonly HostStep[],
  pid: number,
  done?: HostStepDone,
): Promise<void> {
  const pace = new Pace();
  using door = new Door();
  for (let i = 0; i < steps.length;) {
    await pace.rest();
    const step = steps[i]!;
    const start = performance.now();
    if (step.call === "netlink") {
      // All that follow at once: what goes to the same namespace goes in one message.
      const other = steps.findIndex((s, k) => k > i && s.call !== "netlink");
      const end = other < 0 ? steps.length : other;
      const batch = steps.slice(i, end).filter((s) => s.call === "netlink");
      const { applyLinkSteps } = await import("../network/apply.ts");
      applyLinkSteps(batch, pid);
      const each = (performance.now() - start) / batch.length;
      for (const one of batch) done?.(one, 0, each);
      i = end;
    } else if (step.call === "bpf") {
      await doBpfStep(step);
      done?.(step, 0, performance.now() - start);
      i++;
    } else if (step.call === "apparmor_parser") {
      (await import("../linux/apparmor.ts")).loadProfile(step.profile, step.input);
      done?.(step, 0, performance.now() - start);
      i++;
    } else if (step.call === "publish") {
      await (await import("../network/publish.ts")).openPorts(step.bridge, step.state);
      done?.(step, 0, performance.now() - start);
      i++;
    } else if (step.call === "announce") {
      await (await import("./hosts.ts")).announce(step.id, step.state);
      done?.(step, 0, performance.now() - start);
      i++;
    } else {
      const result = doFileStep(step, pid, door);
      done?.(step, result, performance.now() - start);
      i++;
    }
  }
}

type FileStep = Extract<HostStep, { call: "mkdir" | "write" | "chown" }>;

/** A list of devices is a file that is written rule by rule: it is opened once. */
class Door implements Disposable {
  #path = "";
  #fd = -1;

  write(path: string, text: string): void {
    if (path !== this.#path) {
      this[Symbol.dispose]();
      this.#fd = openToWrite(path);
      this.#path = path;
    }
    call("write", this.#fd, text, Buffer.byteLength(text)); // not pwrite(2): uid_map cannot be sought in
  }

  [Symbol.dispose](): void {
    if (this.#fd >= 0) close(this.#fd);
    [this.#fd, this.#path] = [-1, ""];
  }
}

function doFileStep(step: FileStep, pid: number, door: Door): number {
  const path = step.path.replace("$PID", String(pid));
  try {
    if (step.call === "chown") changeOwner(path, step.owner, step.group);
    else if (step.call === "mkdir") makeDirectory(path, step.mode);
    else if (step.create !== undefined) writeText(path, step.text, step.create);
    else door.write(path, step.text.replace("$PID", String(pid)));
    return 0;
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    const errno = errnos[error.errno as Errno];
    if (step.ignore?.includes(error.errno)) return -errno;
    const args = argumentsOf(step);
    throw new SyscallError({ call: step.call, args: `"${path}", ${args}`, errno, step: step.why });
  }
}

function argumentsOf(step: FileStep): string {
  if (step.call === "mkdir") return `0${step.mode.toString(8)}`;
  return step.call === "chown" ? `${step.owner}, ${step.group}` : JSON.stringify(step.text);
}

/** Fails closed: without its device list root in a container could open the host's disks. */
async function doBpfStep(step: Extract<HostStep, { call: "bpf" }>): Promise<void> {
  const { attachDeviceProgram } = await import("../linux/bpf.ts");
  const { target, program, why } = step;
  try {
    attachDeviceProgram(target, program.bytes);
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    throw new SyscallError({
      call: error.call,
      args: error.args,
      errno: errnos[error.errno as Errno] ?? 5,
      step: why,
      hint: "the kernel needs CONFIG_CGROUP_BPF (Linux 4.15), the engine CAP_SYS_ADMIN; --privileged starts without a device list, and with every device",
    });
  }
}
