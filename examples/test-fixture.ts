/**
 * A real PostgreSQL for a test file: initialised once, and forked for each test, so that each has a database of its own, which
 * nobody has touched, in a fraction of a second. Takes the PostgreSQL that is installed on this host (`apt install
 * postgresql`), without its data, users or settings.
 *
 *     import { beforeAll, afterAll, test } from "bun:test";
 *
 *     const template = await createTemplate();
 *     afterAll(() => template.close());
 *
 *     test("a row is there", async () => {
 *       await using db = await startDatabase(template);
 *       await db.sql`create table t (n int)`;
 *       …
 *     });
 *
 * Or by itself: sudo bun examples/test-fixture.ts
 */
import { container, type Box } from "kontener";

export type Database = AsyncDisposable & { sql: Bun.SQL; box: Box };

/** A box with an empty cluster in it. No server runs there. */
export async function createTemplate(): Promise<Box> {
  const box = await container("host", { memory: "512M", user: "nobody" });
  try {
    await box.mkdir("/data", { mode: 0o700 });
    const find = "ls -d /usr/lib/postgresql/*/bin | tail -n 1"; // not in PATH, Debian has several versions side by side
    const bin = await box.$`${{ raw: find }}`.text();
    if (bin === "") throw new Error("there is no PostgreSQL on this host: apt install postgresql");
    await box.$`ln -s ${bin.trim()} /tmp/bin`;
    await box.$`/tmp/bin/initdb --pgdata=/data --username=test --auth=trust --no-sync`;
    await box.$`echo 'host all all all trust' >> /data/pg_hba.conf`; // the bridge: this host and its containers
    return box;
  } catch (error) {
    await box.close();
    throw error;
  }
}

/** A copy of the template with a server in it, on an address of its own. */
export async function startDatabase(template: Box): Promise<Database> {
  const box = await template.fork();
  try {
    const options = "-k /tmp -c listen_addresses=* -c fsync=off -c full_page_writes=off";
    // It leaves the server in the background, where that goes on for as long as the box does.
    await box.$`/tmp/bin/pg_ctl start --wait --pgdata=/data --log=/tmp/log --options=${options}`;
    const sql = new Bun.SQL(`postgres://test@${box.address}:5432/postgres`, { max: 4 });
    return {
      sql,
      box,
      async [Symbol.asyncDispose]() {
        await sql.close();
        await box.close();
      },
    };
  } catch (error) {
    await box.close();
    throw error;
  }
}

if (import.meta.main) {
  await using template = await createTemplate();
  const names = ["one", "two", "three"];
  await Promise.all(
    names.map(async (name) => {
      await using db = await startDatabase(template);
      await db.sql`create table greetings (text text)`; // there is none yet in any of them
      await db.sql`insert into greetings values (${`hello from ${name}`})`;
      const [row] = await db.sql`select text, version() from greetings`;
      console.log(row.text, "·", row.version.split(" ", 2).join(" "), "·", db.box.address);
    }),
  );
}
