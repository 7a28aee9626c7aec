import { invalid } from "../abi/error.ts";
import { quote } from "./values.ts";

const octet = /^(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/;

/** Whether text is an IPv4 or IPv6 address without a zone. */
export function isAddress(text: string): boolean {
  if (!text.includes(":")) {
    const parts = text.split(".");
    return parts.length === 4 && parts.every((part) => octet.test(part));
  }
  return /^[0-9a-f:.]+$/i.test(text) && URL.canParse(`http://[${text}]/`);
}

export function parseAddress(flag: string, text: string): string {
  if (!isAddress(text)) throw invalid(`${flag} ${quote(text)} is not an IP address`);
  return text;
}

/** `--add-host HOST:ADDRESS`, or with docker's newer equal sign; the address may be `host-gateway`. */
export function parseAddHost(flag: string, text: string): { host: string; address: string } {
  const at = text.search(/[:=]/);
  const host = text.slice(0, Math.max(at, 0));
  const address = text.slice(at + 1).replace(/^\[(.*)\]$/, "$1");
  if (!/^[a-z0-9_][a-z0-9_.-]*$/i.test(host))
    throw invalid(`${flag} ${quote(text)} is not of the form HOST:ADDRESS`);
  if (address !== "host-gateway" && !isAddress(address))
    throw invalid(
      `${flag} ${quote(text)}: ${quote(address)} is neither an IP address nor host-gateway`,
    );
  return { host, address };
}
