/**
 * The two ends of a conversation: `peer.ts serve` answers by TCP and UDP on port 7 with the address that it sees;
 * `peer.ts tcp|udp HOST` asks and prints the answer.
 */
import { createSocket } from "node:dgram";
import { connect, createServer } from "node:net";

const [role, host] = process.argv.slice(2);
const PORT = 7;

if (role === "serve") {
  const udp = createSocket("udp4");
  udp.on("message", (_, from) => udp.send(from.address, from.port, from.address));
  udp.bind(PORT);
  createServer((socket) => socket.end(`${socket.remoteAddress}`)).listen(PORT, "0.0.0.0", () =>
    console.log("ready"),
  );
} else {
  setTimeout(() => process.exit(1), 2000).unref();
  if (role === "tcp") {
    connect(PORT, host)
      .on("data", (data) => console.log(data.toString()))
      .on("error", () => process.exit(1));
  } else {
    const udp = createSocket("udp4");
    udp.on("message", (data) => {
      console.log(data.toString());
      udp.close();
    });
    udp.send("who am I?", PORT, host);
  }
}
