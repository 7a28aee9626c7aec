import { listen } from "bun";

export type Mirror = {
  url: string;
  /** The Range header of each request so far, undefined where it had none. */
  requests: (string | undefined)[];
  [Symbol.dispose](): void;
};

export type Behaviour = {
  /** Bytes of the body after which the n-th answer is cut; Infinity for all. */
  cuts?: number[];
  /** Keep the connection open after the cut, and say nothing more. */
  stall?: boolean;
  /** Answer requests for a part with all of it. */
  ignoreRange?: boolean;
  status?: number;
  /** Accept the connection, and never answer. */
  mute?: boolean;
};

/** A web server that breaks off, stalls and lies as it is told to: raw HTTP, so that nothing mends the cuts. */
export function mirror(content: Uint8Array, behaviour: Behaviour = {}): Mirror {
  const requests: (string | undefined)[] = [];
  const server = listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket, data) {
        const range = /^range: *(.*?)\r$/im.exec(data.toString())?.[1];
        requests.push(range);
        if (behaviour.mute) return;
        const { head, body } = answer(content, range, behaviour);
        const cut = behaviour.cuts?.[requests.length - 1] ?? Infinity;
        socket.write(head);
        socket.write(body.subarray(0, cut));
        if (cut >= body.length) socket.end();
        // Later, so that the client has what came before it hears of the end.
        else if (!behaviour.stall) setTimeout(() => socket.end(), 20);
      },
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}/archive`,
    requests,
    [Symbol.dispose]: () => server.stop(true),
  };
}

function answer(content: Uint8Array, range: string | undefined, behaviour: Behaviour) {
  const from = behaviour.ignoreRange ? 0 : Number(/bytes=(\d+)-/.exec(range ?? "")?.[1] ?? 0);
  const body = content.subarray(from);
  let status = behaviour.status ?? (from > 0 ? 206 : 200);
  if (from >= content.length) status = 416;
  const length = `Content-Length: ${status < 400 ? body.length : 0}\r\n`;
  const part = from
    ? `Content-Range: bytes ${from}-${content.length - 1}/${content.length}\r\n`
    : "";
  const head = `HTTP/1.1 ${status} x\r\nConnection: close\r\n${length}${part}\r\n`;
  return { head, body: status < 400 ? body : new Uint8Array(0) };
}
