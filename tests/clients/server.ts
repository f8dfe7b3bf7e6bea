/** The real binary on an ephemeral port, for tests in TypeScript. */

import { spawn, type ChildProcess } from "node:child_process";
import { createHmac, randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer as createProxy, request } from "node:http";
import { createServer, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");
const binary = process.env.MILLRACE_BIN ?? join(root, "build/release/millrace");
const secret = "test-secret-of-thirty-two-bytes-or-more-0123456789";

export class Server {
  readonly folder = mkdtempSync(join(tmpdir(), "millrace-ts-"));
  private process: ChildProcess | null = null;
  private readonly env: Record<string, string>;
  port = 0;

  constructor(env: Record<string, string> = {}) {
    this.env = env;
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Begins on any port, and again on the same one. */
  async start(): Promise<this> {
    const portFile = join(this.folder, "port");
    rmSync(portFile, { force: true });
    this.process = spawn(binary, ["all", "--data-dir", join(this.folder, "data"), "--listen", `127.0.0.1:${this.port}`, "--port-file", portFile], {
      env: { PATH: process.env.PATH, HOME: this.folder, JWT_SECRET: secret, MILLRACE_HTTP_RATE_LIMIT: "0", ...this.env },
      stdio: "ignore",
    });
    await until(() => existsSync(portFile) && readFileSync(portFile, "utf8").trim() !== "", 20_000);
    this.port = Number(readFileSync(portFile, "utf8").trim().split(":").pop());
    return this;
  }

  async kill(signal: NodeJS.Signals = "SIGKILL") {
    const { process } = this;
    this.process = null;
    if (!process || process.exitCode !== null) return;
    const ended = new Promise((resolve) => process.once("exit", resolve));
    process.kill(signal);
    await ended;
  }

  async remove() {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function token(subject: string = randomUUID(), more: object = {}): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const body = `${part({ alg: "HS256", typ: "JWT" })}.${part({ sub: subject, iat: now, exp: now + 3600, ...more })}`;
  return `${body}.${createHmac("sha256", secret).update(body).digest("base64url")}`;
}

/** A proxy that serves the server below a path, as operators do; all else is 404. */
export async function below(server: Server, path: string) {
  const listener = createProxy((asked, answer) => {
    if (!asked.url!.startsWith(`${path}/`)) return void answer.writeHead(404).end();
    const options = { port: server.port, method: asked.method, path: asked.url!.slice(path.length), headers: asked.headers };
    const further = request(options, (from) => {
      answer.writeHead(from.statusCode!, from.headers);
      from.pipe(answer);
    });
    further.on("error", () => answer.destroy());
    answer.on("close", () => further.destroy());
    asked.pipe(further);
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}${path}`,
    close: () => {
      listener.closeAllConnections();
      listener.close();
    },
  };
}

/** Waits for a condition, with a deadline. */
export async function until(condition: () => boolean | Promise<boolean>, ms = 15_000): Promise<void> {
  const deadline = Date.now() + ms;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not true within ${ms} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A line to the server that can be cut, and that keeps what was asked. */
export async function relay(server: Server) {
  const sockets = new Set<Socket>();
  const heads: string[] = [];
  const state = { refuse: (_head: string) => false };
  const listener = createServer((near) => {
    const far = connect(server.port, "127.0.0.1");
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    }
    near.on("data", (data) => {
      const head = data.toString("latin1");
      if (/^(GET|POST|HEAD|PATCH) /.test(head)) {
        heads.push(head.slice(0, head.indexOf("\r\n\r\n")));
        if (state.refuse(head)) return void near.end("HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
      }
      far.write(data);
    });
    near.on("end", () => far.end());
    far.on("data", (data) => near.write(data)).on("end", () => near.end()).on("close", () => near.destroy());
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const address = listener.address() as { port: number };
  return {
    url: `http://127.0.0.1:${address.port}`,
    heads,
    asked: (path: string) => heads.filter((head) => head.split(" ")[1]!.startsWith(path)),
    refuse: (when: (head: string) => boolean) => (state.refuse = when),
    cut: () => sockets.forEach((socket) => socket.destroy()),
    close: () => {
      sockets.forEach((socket) => socket.destroy());
      listener.close();
    },
  };
}

export function csv(rows: number, tag: string): string {
  return "sku,name,price\r\n" + Array.from({ length: rows }, (_, i) => `${tag}-${i},Product ${i},${i}.50\r\n`).join("");
}
