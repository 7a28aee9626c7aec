/** The outside world: in a network namespace of its own, tells every caller by TCP and UDP from where the call came. */
const [address = "", port = "7000"] = process.argv.slice(2);

Bun.listen({
  hostname: address,
  port: Number(port),
  socket: {
    open(socket) {
      socket.end(`tcp from ${socket.remoteAddress}\n`);
    },
    data() {},
  },
});
await Bun.udpSocket({
  hostname: address,
  port: Number(port),
  socket: {
    data(socket, _data, callerPort, caller) {
      socket.send(`udp from ${caller}\n`, callerPort, caller);
    },
  },
});
console.log("ready");
