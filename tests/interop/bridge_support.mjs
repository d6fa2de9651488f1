// What the tests of SC-Bridge share: peers with a bridge, and clients of them, by the npm package ws.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import net from 'node:net'
import path from 'node:path'
import { need, temporaryFolder } from './check.mjs'

const [{ default: WebSocket }] = await need('ws')
const WAIT_MS = 60000

export const folder = temporaryFolder()
export const TOKEN = 'a token of some length'

/** The promise, or a failure that says what was waited for. */
export function within (promise, what) {
  let timer
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${WAIT_MS} ms for ${what}`)), WAIT_MS)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

/* --- the peer --- */

export async function freePort () {
  const server = net.createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

export class Peer {
  static async start (store, flags = {}) {
    const peer = new Peer()
    peer.port = await freePort()
    const all = {
      'peer-stores-directory': path.join(folder, 'stores') + '/',
      'peer-store-name': store,
      'sc-bridge': 1,
      'sc-bridge-token': TOKEN,
      'sc-bridge-port': peer.port,
      ...flags
    }
    const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, String(value)])
    peer.output = ''
    peer.child = spawn(process.env.INTERCOM_PEER, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    peer.ended = new Promise((resolve) => peer.child.once('exit', (code, signal) => resolve(code ?? signal)))
    for (const stream of [peer.child.stdout, peer.child.stderr]) stream.on('data', (data) => { peer.output += data })
    await within(peer.listens(), 'the peer to listen').catch((error) => {
      throw new Error(`${error.message}\n${peer.output}`)
    })
    return peer
  }

  async listens () {
    while (!await this.answers()) {
      assert.equal(this.child.exitCode, null, 'it ended')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  answers () {
    return new Promise((resolve) => {
      const socket = net.connect(this.port, '127.0.0.1', () => { socket.destroy(); resolve(true) })
      socket.once('error', () => resolve(false))
    })
  }

  async stop () {
    this.child.kill('SIGTERM')
    assert.equal(await within(this.ended, 'the peer to end'), 0, this.output)
  }
}

/* --- a client --- */

export class Client {
  static async connect (peer, options = {}) {
    const client = new Client()
    client.inbox = []
    client.pushed = []
    client.waiting = []
    client.ids = 0
    client.socket = new WebSocket(`ws://127.0.0.1:${peer.port}/`, options)
    client.socket.on('message', (data) => client.deliver(JSON.parse(data.toString())))
    client.closed = new Promise((resolve) => client.socket.once('close', (code) => resolve(code)))
    await within(new Promise((resolve, reject) => {
      client.socket.once('open', resolve)
      client.socket.once('error', reject)
    }), 'the connection')
    client.hello = await client.next()
    return client
  }

  static async enter (peer) {
    const client = await Client.connect(peer)
    assert.deepEqual(await client.ask({ type: 'auth', token: TOKEN }), { type: 'auth_ok' })
    return client
  }

  deliver (message) {
    const first = this.waiting.shift()
    if (first) first(message)
    else this.inbox.push(message)
  }

  next () {
    if (this.inbox.length) return Promise.resolve(this.inbox.shift())
    return within(new Promise((resolve) => this.waiting.push(resolve)), 'a message')
  }

  send (message) {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  }

  /** The answer, without its id; what is pushed in between is kept for heard(). */
  async ask (message) {
    const id = ++this.ids
    this.send({ id, ...message })
    for (;;) {
      const message = await this.next()
      const { id: echoed, ...answer } = message
      if (echoed === id) return answer
      assert.notEqual(typeof echoed, 'number', 'an answer to nothing')
      this.pushed.push(message)
    }
  }

  /** The next pushed message of `type` that `probe` likes; others are forgotten. */
  async heard (type, probe = () => true) {
    for (;;) {
      const message = this.pushed.shift() ?? await this.next()
      if (message.type === type && probe(message)) return message
    }
  }

  /** Has something that `probe` likes been pushed, and not been heard yet? */
  has (probe) {
    return [...this.pushed, ...this.inbox].some(probe)
  }

  async end () {
    this.socket.close(1000)
    assert.equal(await within(this.closed, 'the end'), 1000)
  }
}
