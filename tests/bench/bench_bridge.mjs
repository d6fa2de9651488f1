// What a client of the SC-Bridge waits for: one request after the other over one WebSocket on loopback.
//
//   node tests/bench/bench_bridge.mjs BUILD

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';

const WebSocket = createRequire(new URL('../interop/package.json', import.meta.url))('ws');
const build = process.argv[2];
const token = 'bench';
const WARM_UP = 200;

function figure(name, value, unit, limit) {
  const line = { figure: name, value: Number(value.toPrecision(4)), unit };
  console.log(JSON.stringify(limit === undefined ? line : { ...line, limit, ok: value <= limit }));
}

function percentile(times, share) {
  times.sort((a, b) => a - b);
  return times[Math.min(times.length - 1, Math.floor(times.length * share))];
}

/** A peer on a free port and a store of its own. */
async function startPeer(stores) {
  const line = ['--peer-stores-directory', stores, '--peer-store-name', 'bench', '--sc-bridge', '1',
    '--sc-bridge-token', token, '--sc-bridge-port', '0'];
  const child = spawn(path.join(build, 'cli/intercom-peer'), line, { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  const url = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no SC-Bridge in:\n${output}`)), 20_000);
    child.once('exit', (code) => reject(new Error(`the peer ended with ${code}\n${output}`)));
    child.stdout.on('data', (data) => {
      output += data;
      const found = /^SC-Bridge: (ws:\S+)/m.exec(output);
      if (!found) return;
      clearTimeout(timer);
      resolve(found[1]);
    });
  });
  return { child, url };
}

/** A client that asks one thing at a time. */
async function connect(url) {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  let answer = () => {};
  socket.on('message', (data) => answer(JSON.parse(data)));
  const next = () => new Promise((resolve) => (answer = resolve));
  const hello = await next();
  if (hello.type !== 'hello') throw new Error(`expected hello, got ${JSON.stringify(hello)}`);
  const ask = async (message, type) => {
    const answered = next();
    socket.send(JSON.stringify(message));
    const got = await answered;
    if (got.type !== type) throw new Error(`expected ${type}, got ${JSON.stringify(got)}`);
    return got;
  };
  await ask({ type: 'auth', token }, 'auth_ok');
  return { socket, ask };
}

async function measure(count, once) {
  const times = [];
  for (let i = 0; i < count + WARM_UP; i++) {
    const start = process.hrtime.bigint();
    await once(i);
    if (i >= WARM_UP) times.push(Number(process.hrtime.bigint() - start) / 1e6);
  }
  return times;
}

function resident(pid) {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
}

const stores = mkdtempSync(path.join(tmpdir(), 'intercom-bench-'));
const { child, url } = await startPeer(stores);
try {
  const { socket, ask } = await connect(url);
  const pings = await measure(2000, () => ask({ type: 'ping' }, 'pong'));
  figure('bridge_ping_p50', percentile(pings, 0.5), 'ms', 1);
  figure('bridge_ping_p99', percentile(pings, 0.99), 'ms', 10);

  const adds = await measure(1000, (i) => ask({
    id: i, type: 'expense_add', channel: 'bench', payer: 'alice', amount: '30.00', split: ['alice', 'bob', 'carol'],
  }, 'expense_added'));
  figure('bridge_expense_add_p50', percentile(adds, 0.5), 'ms', 10);
  figure('bridge_expense_add_p99', percentile(adds, 0.99), 'ms');

  const balances = await measure(500, () => ask({ type: 'expense_balance', channel: 'bench' }, 'expense_balance'));
  figure('bridge_balance_of_1200_entries_p50', percentile(balances, 0.5), 'ms', 10);
  figure('peer_resident_with_1200_entries', resident(child.pid), 'MiB', 50);
  socket.terminate();
} finally {
  child.kill('SIGTERM');
  await new Promise((resolve) => child.once('exit', resolve));
  rmSync(stores, { recursive: true, force: true });
}
