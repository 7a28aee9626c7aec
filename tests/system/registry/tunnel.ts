/** An http proxy's CONNECT, to one place whatever was asked for. */
export function tunnel(port: number): Bun.SocketHandler<{ far?: Bun.Socket; waiting: Buffer[] }> {
  return {
    open(near) {
      near.data = { waiting: [] };
    },
    async data(near, bytes) {
      if (near.data.far) return void near.data.far.write(bytes);
      if (!bytes.toString().startsWith("CONNECT")) return void near.end();
      near.data.far = await Bun.connect({
        hostname: "127.0.0.1",
        port,
        socket: { data: (_, back) => void near.write(back), close: () => void near.end() },
      });
      near.write("HTTP/1.1 200 Connection established\r\n\r\n");
    },
    close: (near) => void near.data.far?.end(),
  };
}
