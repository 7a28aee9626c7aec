/** Run in the pretended host: connects process PID as container ID would be, with the engine's own functions. */
import { readlinkSync } from "node:fs";
import { paths } from "../../../src/linux/paths.ts";
import { applyLinkSteps } from "../../../src/network/apply.ts";
import { ensureBridge } from "../../../src/network/bridge.ts";
import { takeLease } from "../../../src/network/lease.ts";
import { planNetwork } from "../../../src/network/plan.ts";
import { networkSettings } from "../../../src/network/settings.ts";

export type Attached = { address: string; warnings: string[]; sameNamespace: boolean };

const [id = "", pid = ""] = process.argv.slice(2);
const namespace = (): string => readlinkSync("/proc/thread-self/ns/net");
const before = namespace();
const warnings: string[] = [];
const settings = networkSettings();
const bridge = { ...settings, ...(await ensureBridge(settings, (text) => warnings.push(text))) };
const address = takeLease(id, paths());
applyLinkSteps(planNetwork({ id, address, ...bridge }), Number(pid));
const result: Attached = { address, warnings, sameNamespace: namespace() === before };
console.log(JSON.stringify(result));
