import { homedir } from "node:os";

/** What differs between the guests' architectures. */
export const guests = {
  x86_64: {
    debian: "amd64",
    qemu: "qemu-system-x86_64",
    qemuPackage: "qemu-system-x86",
    machine: "q35",
    cpu: "max", // Bun needs more than QEMU's default model has, and dies of SIGILL there
    console: "ttyS0",
    bun: "@oven/bun-linux-x64",
    nodeArch: "x64",
  },
  aarch64: {
    debian: "arm64",
    qemu: "qemu-system-aarch64",
    qemuPackage: "qemu-system-arm",
    machine: "virt",
    cpu: "max,pauth-impdef=on", // pointer authentication as specified costs TCG half its speed
    console: "ttyAMA0",
    bun: "@oven/bun-linux-aarch64",
    nodeArch: "arm64",
  },
} as const;

export type Arch = keyof typeof guests;

/** The checkout: mounted at /src in the guest. */
export const checkout = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

/** Images are kept here, about 0.6 GB each; deleting the directory is safe. */
export const cache = process.env["KONTENER_VM_CACHE"] || `${homedir()}/.cache/kontener-vm`;
