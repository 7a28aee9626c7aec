import { KontenerError } from "../abi/error.ts";

/** What an image says about its users: the text of its /etc/passwd and /etc/group, where it has them. */
export type Accounts = { passwd: string; group: string };

export type User = { uid: number; gid: number; additionalGids: number[]; home: string };

const rows = (text: string): string[][] =>
  text
    .split("\n")
    .filter((line) => line && !line.startsWith("#"))
    .map((line) => line.split(":"));

const number = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,10}$/.test(text) && Number(text) < 2 ** 32 - 1
    ? Number(text)
    : undefined;

/**
 * Resolves `name|uid[:group|gid]` as docker does (image-spec config.md, "User"): names are looked up in the image's own
 * files; a number need not be there. Without a group the user's own is taken, with those that list the user as member.
 */
export function resolveUser(text: string, accounts: Accounts): User {
  const [wanted = "", wantedGroup] = text.split(":");
  const uid = number(wanted);
  const users = rows(accounts.passwd);
  // A name goes first, as a number may be one.
  const user =
    users.find((row) => row[0] === wanted) ?? users.find((row) => number(row[2]) === uid);
  if (!user && uid === undefined) throw unknown("user", wanted, users);
  const groups = rows(accounts.group);
  const base = { uid: number(user?.[2]) ?? uid ?? 0, home: user?.[5] || "/" };
  if (wantedGroup !== undefined && wantedGroup !== "") {
    const gid = number(groups.find((row) => row[0] === wantedGroup)?.[2]) ?? number(wantedGroup);
    if (gid === undefined) throw unknown("group", wantedGroup, groups);
    return { ...base, gid, additionalGids: [] };
  }
  const gid = number(user?.[3]) ?? 0;
  const name = user?.[0];
  const memberships = groups
    .filter((row) => name !== undefined && row[3]?.split(",").includes(name))
    .flatMap((row) => number(row[2]) ?? []);
  return { ...base, gid, additionalGids: [...new Set([gid, ...memberships])] };
}

/** `--group-add`: names of the image's /etc/group, or numbers, beside those that the user is in anyway. */
export function addGroups(
  user: User,
  names: readonly string[],
  accounts: Pick<Accounts, "group">,
): number[] {
  const groups = rows(accounts.group);
  const added = names.map((name) => {
    const gid = number(groups.find((row) => row[0] === name)?.[2]) ?? number(name);
    if (gid === undefined) throw unknown("group", name, groups);
    return gid;
  });
  return [...new Set([...user.additionalGids, ...added])];
}

function unknown(kind: "user" | "group", name: string, known: string[][]): KontenerError {
  const names = known.flatMap((row) => row[0] ?? []).slice(0, 12);
  return new KontenerError(
    `${kind} “${name}” is not in the image's /etc/${kind === "user" ? "passwd" : "group"}`,
    {
      code: "INVALID",
      hint: names.length
        ? `it has ${names.join(", ")}; a number works too`
        : "a number works too: --user 1000:1000",
    },
  );
}
