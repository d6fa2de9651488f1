// Programs that serve, certificates, and sockets that say anything: for web_server.mjs and web_bridge.mjs.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'

const running = new Set()
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')))

/** Start a program; resolves with { child, line, errors } when its first line has come. */
export function start (program, args, { env = {} } = {}) {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  const started = { child, line: '', errors: '' }
  child.stderr.on('data', (data) => { started.errors += data })
  child.ended = new Promise((resolve) => child.on('exit', (code, signal) => {
    running.delete(child)
    resolve({ code, signal })
  }))
  return new Promise((resolve, reject) => {
    child.stdout.on('data', (data) => {
      started.line += data
      if (started.line.includes('\n')) resolve(started)
    })
    child.ended.then(({ code }) => reject(new Error(`${program} ended with ${code}: ${started.errors}`)))
  })
}

/** SIGTERM, then a clean end. */
export async function stop ({ child }) {
  child.kill('SIGTERM')
  assert.deepEqual(await within(60000, child.ended, 'the end'), { code: 0, signal: null })
}

/** `promise`, but not for longer than `ms`. */
export function within (ms, promise, what) {
  let timer
  const late = new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come in ${ms} ms`)), ms)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

/** A new self-signed certificate for `name` in `folder`; skips the test without openssl. */
export function makeCertificate (folder, name) {
  const cert = path.join(folder, `${name}.pem`)
  const key = path.join(folder, `${name}.key`)
  const done = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1',
    '-nodes', '-keyout', key, '-out', cert, '-days', '2', '-subj', `/CN=${name}`,
    '-addext', `subjectAltName=DNS:${name},IP:127.0.0.1`])
  if (done.error) {
    console.log('skipped: openssl is missing')
    process.exit(77)
  }
  assert.equal(done.status, 0, done.stderr?.toString())
  return { cert, key, pem: fs.readFileSync(cert) }
}

/** Say `bytes` to a port; resolves with all that came until the other side ended. */
export function rawTalk (port, bytes, { halfOpen = false } = {}) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => {
      socket.write(bytes)
      if (halfOpen) socket.end()
    })
    const parts = []
    socket.on('data', (data) => parts.push(data))
    socket.on('error', (error) => error.code === 'ECONNRESET' ? resolve(Buffer.concat(parts)) : reject(error))
    socket.on('end', () => {
      socket.end()
      resolve(Buffer.concat(parts))
    })
  })
}

export const upgrade = (lines = '') =>
  'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${lines}\r\n`

/** A client of the ws package with promises: open, closed, message(). */
export class Client {
  constructor (WebSocket, url, options = {}) {
    this.messages = []
    this.waiting = []
    this.socket = new WebSocket(url, { perMessageDeflate: false, ...options })
    this.opened = new Promise((resolve, reject) => {
      this.socket.on('open', resolve)
      this.socket.on('unexpected-response', (request, response) => {
        response.resume()
        reject(Object.assign(new Error(`status ${response.statusCode}`), { status: response.statusCode }))
        request.destroy()
      })
      this.socket.on('error', reject)
    })
    this.opened.catch(() => {})
    this.closed = new Promise((resolve) => this.socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() })))
    this.socket.on('message', (data, binary) => {
      const message = { data, binary }
      if (this.waiting.length) this.waiting.shift()(message)
      else this.messages.push(message)
    })
  }

  message () {
    if (this.messages.length) return Promise.resolve(this.messages.shift())
    return within(60000, new Promise((resolve) => this.waiting.push(resolve)), 'a message')
  }

  async text () {
    return (await this.message()).data.toString()
  }

  async leave () {
    this.socket.close(1000)
    return within(60000, this.closed, 'the close')
  }
}

export const memoryOf = (child) =>
  Number(/VmRSS:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]) * 1024
