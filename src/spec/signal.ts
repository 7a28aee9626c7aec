import { invalid } from "../abi/error.ts";
import { nearest } from "../abi/nearest.ts";
import { signals, type Signal } from "../abi/signal.ts";
import { quote } from "./values.ts";

/** `TERM`, `sigterm`, `SIGTERM` or 15, as docker and kill(1) take them. */
export function parseSignal(flag: string, text: string): Signal {
  const names = Object.keys(signals) as Signal[];
  const upper = text.toUpperCase();
  const found = /^\d+$/.test(text)
    ? names.find((name) => signals[name] === Number(text))
    : names.find((name) => name === upper || name === `SIG${upper}`);
  if (found !== undefined) return found;
  const meant = nearest(upper.startsWith("SIG") ? upper : `SIG${upper}`, names);
  throw invalid(
    `${flag} ${quote(text)} is not a signal`,
    meant.length > 0 ? `did you mean ${meant.join(" or ")}?` : "by name or number: kill -l",
  );
}
