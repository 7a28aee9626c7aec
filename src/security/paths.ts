/**
 * What /proc and /sys tell about the host, or let the host be harmed with, hidden from the container: docker's list
 * (daemon/pkg/oci/defaults.go). Those that a kernel lacks are passed over.
 */
export const maskedPaths: readonly string[] = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/interrupts", // keystroke timing of the host: GHSA-6fw5-f8r9-fgfm
  "/proc/kcore", // the kernel's memory
  "/proc/keys", // keys of every user, not namespaced
  "/proc/latency_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/sys/devices/virtual/powercap", // power use tells what others compute: PLATYPUS, CVE-2020-8694
  "/sys/firmware",
];

/** Settings that are the host kernel's own: to read, not to write. */
export const readonlyPaths: readonly string[] = [
  "/proc/bus",
  "/proc/fs",
  "/proc/irq",
  "/proc/sys",
  "/proc/sysrq-trigger",
];

/**
 * The thermal event counters, which docker masks for the same reason as /proc/interrupts, of processors 0 to `cpus` - 1.
 * Only Intel processors outside a virtual machine have them: ask for cpu0's before adding two mounts a processor.
 */
export const thermalPaths = (cpus: number): string[] =>
  Array.from({ length: cpus }, (_, n) => `/sys/devices/system/cpu/cpu${n}/thermal_throttle`);
