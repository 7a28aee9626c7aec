import * as v from "valibot";
import { invalid } from "../abi/error.ts";
import type { Seccomp, SeccompRule } from "../oci/runtime-spec.ts";
import { seccompArchs, type SeccompContext } from "./seccomp-profile.ts";

/*
 * A seccomp profile from a file: the OCI specification's form, or docker's, which adds `archMap` and rules with `includes`
 * and `excludes`. Only loaded where `--security-opt seccomp=FILE` is given: valibot costs a cold start 1.2 ms.
 */

const number = v.pipe(
  v.number(),
  v.safeInteger("a number above 2^53 - 1, which JSON cannot hold exactly"),
  v.minValue(0),
);

const condition = v.object({
  index: number,
  value: number,
  valueTwo: v.optional(number),
  op: v.string(),
});

/** Docker's filter: a rule is kept where all that `includes` names is there, and none that `excludes` names. */
const filter = v.nullish(
  v.object({
    caps: v.nullish(v.array(v.string())),
    arches: v.nullish(v.array(v.string())),
    minKernel: v.nullish(v.pipe(v.string(), v.regex(/^\d+\.\d+$/, "not a version like 4.8"))),
  }),
);

const rule = v.object({
  name: v.optional(v.string()),
  names: v.nullish(v.array(v.string())),
  action: v.string(),
  errnoRet: v.nullish(number),
  args: v.nullish(v.array(condition)),
  includes: filter,
  excludes: filter,
});

const schema = v.object({
  defaultAction: v.string(),
  defaultErrnoRet: v.nullish(number),
  architectures: v.nullish(v.array(v.string())),
  syscalls: v.nullish(v.array(rule)),
});

type FileRule = v.InferOutput<typeof rule>;
type Filter = NonNullable<v.InferOutput<typeof filter>>;

/**
 * Parses a profile and settles its conditions for one container, as docker does.
 * @param name what errors call it: the file's path
 * @throws INVALID in one sentence: torn JSON, a field of the wrong type. Actions and operators are compileSeccomp's to check.
 */
export function parseSeccompProfile(text: string, context: SeccompContext, name: string): Seccomp {
  const result = v.safeParse(schema, parseJson(text, name), { abortEarly: true });
  if (!result.success) {
    const [issue] = result.issues;
    throw invalid(`seccomp profile ${name}: ${v.getDotPath(issue) ?? "it"}: ${issue.message}`);
  }
  const { defaultAction, defaultErrnoRet, syscalls } = result.output;
  return {
    defaultAction,
    ...(defaultErrnoRet == null ? {} : { defaultErrnoRet }),
    architectures: [seccompArchs[context.arch]],
    syscalls: (syscalls ?? []).filter((rule) => applies(rule, context)).map(ociRule),
  };
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid(
      text.trim() === ""
        ? `seccomp profile ${name} is empty`
        : `seccomp profile ${name} is not JSON: ${(cause as Error).message.replace(/^JSON Parse error: /, "")}`,
      "is it cut off? docker's own default.json is a good start for a profile",
    );
  }
}

function applies({ includes, excludes }: FileRule, context: SeccompContext): boolean {
  const { caps, arches, minKernel } = includes ?? {};
  if (caps && !caps.every((name) => context.capabilities.includes(name))) return false;
  if (arches?.length && !arches.includes(dockerArchs[context.arch])) return false;
  if (minKernel && !isAtLeast(context.kernel, minKernel)) return false;
  return !excludes || !excluded(excludes, context);
}

const excluded = ({ caps, arches, minKernel }: Filter, context: SeccompContext): boolean =>
  (caps?.some((name) => context.capabilities.includes(name)) ?? false) ||
  (arches?.includes(dockerArchs[context.arch]) ?? false) ||
  (minKernel != null && isAtLeast(context.kernel, minKernel));

/** Go's names, which docker's profiles use. */
const dockerArchs = { x86_64: "amd64", aarch64: "arm64" } as const;

function isAtLeast([major, minor]: SeccompContext["kernel"], version: string): boolean {
  const [wantedMajor = 0, wantedMinor = 0] = version.split(".").map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

function ociRule({ name, names, action, errnoRet, args }: FileRule): SeccompRule {
  return {
    names: names ?? (name === undefined ? [] : [name]),
    action,
    ...(errnoRet == null ? {} : { errnoRet }),
    ...(args?.length
      ? {
          args: args.map(({ valueTwo, ...rest }) =>
            valueTwo === undefined ? rest : { ...rest, valueTwo },
          ),
        }
      : {}),
  };
}
