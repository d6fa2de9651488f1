// intercom-bridge: the page, the way to an SC-Bridge, access, TLS. docs/man/intercom-bridge.1
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import path from 'node:path'
import { check, finish, need, temporaryFolder } from './check.mjs'
import { Client, makeCertificate, rawTalk, start, stop, within } from './web_support.mjs'

const [{ WebSocket, WebSocketServer }] = await need('ws')
const program = process.env.INTERCOM_BRIDGE
const page = path.join(process.env.TEST_SOURCE, 'bridge', 'page')
const folder = temporaryFolder()
const TOKEN = 'correct-horse-battery'
const { cert, key, pem } = makeCertificate(folder, 'bridge.test')

/** An SC-Bridge that only says hello and echoes. */
function upstream (options = {}) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options })
  server.on('connection', (socket) => {
    socket.send('{"type":"hello"}')
    socket.on('message', (data, binary) => {
      if (data.toString() === 'close') socket.close(4001, 'as told')
      else socket.send(data, { binary })
    })
  })
  return new Promise((resolve) => server.on('listening', () => resolve(server)))
}

const portOf = (server) => server.address().port
const bridge = (...args) => start(program, ['--ui-port', '0', '--page-dir', page, ...args])
const pageOf = ({ line }) => new URL(/^Page: (.*)$/m.exec(line)[1])
const socketOf = (started) => `${pageOf(started).href.replace(/^http/, 'ws')}bridge`

async function connect (started, options = {}) {
  const client = new Client(WebSocket, socketOf(started), options)
  await within(60000, client.opened, 'the handshake')
  return client
}

/** A request with the path exactly as given. */
function ask (url, { method = 'GET', path = '/', headers = {}, body } = {}) {
  const { request } = url.protocol === 'https:' ? https : http
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: url.port, method, path, headers, ca: pem, servername: 'bridge.test' }, (answer) => {
      let text = ''
      answer.on('data', (data) => { text += data })
      answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, text }))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

const peer = await upstream()
const plain = await bridge('--bridge', `ws://127.0.0.1:${portOf(peer)}`)

check('every file of the page is served with its type, and nothing else', async () => {
  const types = { html: 'text/html; charset=utf-8', js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8', svg: 'image/svg+xml' }
  for (const name of fs.readdirSync(page)) {
    const answer = await ask(pageOf(plain), { path: `/${name}` })
    const type = types[name.split('.').pop()]
    assert.equal(answer.status, type ? 200 : 404, name)
    if (!type) continue
    assert.equal(answer.headers['content-type'], type)
    assert.equal(answer.text, fs.readFileSync(path.join(page, name), 'utf8'))
  }
  for (const name of ['/../page/index.html', '/%2e%2e/server.c', '//etc/passwd', '/./index.html', '/meson.build', '/bridge/', '/index.html/']) {
    assert.equal((await ask(pageOf(plain), { path: name })).status, 404, name)
  }
})

check('the headers keep the page to itself', async () => {
  const { headers } = await ask(pageOf(plain))
  assert.equal(headers['content-security-policy'], "default-src 'none'; script-src 'self'; style-src 'self'; " +
    "img-src 'self' data:; connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
  assert.equal(headers['x-content-type-options'], 'nosniff')
  assert.equal(headers['referrer-policy'], 'no-referrer')
  assert.equal(headers['cache-control'], 'no-cache')
  const again = await ask(pageOf(plain), { headers: { 'If-None-Match': headers.etag } })
  assert.equal(again.status, 304)
})

check('methods, bodies and hosts that a page does not need are refused', async () => {
  const url = pageOf(plain)
  assert.deepEqual(await ask(url, { path: '/health' }).then(({ status, text }) => ({ status, text })), { status: 200, text: '{"ok":true}' })
  assert.equal((await ask(url, { method: 'HEAD' })).text, '')
  assert.equal((await ask(url, { method: 'POST', body: 'x' })).status, 405)
  assert.equal((await ask(url, { method: 'DELETE' })).status, 405)
  assert.equal((await ask(url, { headers: { 'Content-Length': 1 }, body: 'x' })).status, 413)
  assert.equal((await ask(url, { headers: { Host: 'rebound.example' } })).status, 403)
  assert.equal((await ask(url, { headers: { 'X-Long': 'y'.repeat(9000) } })).status, 431)
})

check('many requests at once are answered in order', async () => {
  const one = `GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n`
  const last = one.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')
  const port = Number(pageOf(plain).port)
  const answer = (await within(60000, rawTalk(port, one.repeat(199) + last), 'the end')).toString()
  assert.equal(answer.split('{"ok":true}').length - 1, 200)
  const half = (await within(60000, rawTalk(port, one.repeat(200), { halfOpen: true }), 'the end')).toString()
  assert.equal(half.split('{"ok":true}').length - 1, 200)
})

check('messages pass in both directions as they are', async () => {
  const client = await connect(plain, { origin: pageOf(plain).origin })
  assert.equal(await client.text(), '{"type":"hello"}')
  client.socket.send('{"type":"ping","id":1}')
  client.socket.send(Buffer.from([0, 255]))
  assert.deepEqual(await client.message(), { data: Buffer.from('{"type":"ping","id":1}'), binary: false })
  assert.deepEqual(await client.message(), { data: Buffer.from([0, 255]), binary: true })
  client.socket.send('close')
  assert.equal((await within(60000, client.closed, 'the close')).code, 4001)
})

check('a message before the SC-Bridge has answered is not lost', async () => {
  const client = new Client(WebSocket, socketOf(plain))
  client.socket.on('open', () => client.socket.send('early'))
  assert.equal(await client.text(), '{"type":"hello"}')
  assert.equal(await client.text(), 'early')
  await client.leave()
})

check('a megabyte passes through, both ways', async () => {
  const client = await connect(plain)
  await client.message()
  for (let i = 0; i < 8; i++) client.socket.send(Buffer.alloc(1 << 20, i))
  for (let i = 0; i < 8; i++) assert.deepEqual((await client.message()).data, Buffer.alloc(1 << 20, i))
  await client.leave()
})

check('foreign pages and other paths cannot connect', async () => {
  await assert.rejects(connect(plain, { origin: 'http://evil.example' }), { status: 403 })
  const elsewhere = new Client(WebSocket, `${pageOf(plain).href.replace(/^http/, 'ws')}other`)
  await assert.rejects(within(60000, elsewhere.opened, 'the refusal'), { status: 404 })
})

check('while the SC-Bridge is down pages are told to try later, then they work', async () => {
  const first = await upstream()
  const port = portOf(first)
  await new Promise((resolve) => first.close(resolve))
  const started = await bridge('--bridge', `ws://127.0.0.1:${port}`)
  const down = new Client(WebSocket, socketOf(started))
  assert.deepEqual(await within(60000, down.closed, 'the close'), { code: 1013, reason: 'the SC-Bridge cannot be reached' })
  const second = await upstream({ port })
  const up = await connect(started)
  assert.equal(await up.text(), '{"type":"hello"}')
  second.clients.forEach((socket) => socket.terminate())
  assert.equal((await within(60000, up.closed, 'the close')).code, 1013)
  await stop(started)
  await new Promise((resolve) => second.close(resolve))
})

check('an SC-Bridge that is no WebSocket is told as try later', async () => {
  const odd = http.createServer((request, answer) => answer.end('hello'))
  odd.on('upgrade', (request, socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n' +
    'Connection: Upgrade\r\nSec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n'))
  await new Promise((resolve) => odd.listen(0, '127.0.0.1', resolve))
  const started = await bridge('--bridge', `ws://127.0.0.1:${portOf(odd)}`)
  const client = new Client(WebSocket, socketOf(started))
  assert.equal((await within(60000, client.closed, 'the close')).code, 1013)
  await stop(started)
  odd.close()
})

check('wss to the SC-Bridge holds its certificate against the name', async () => {
  const server = https.createServer({ cert: fs.readFileSync(cert), key: fs.readFileSync(key) })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const secure = new WebSocketServer({ server })
  secure.on('connection', (socket) => socket.send('encrypted'))
  const named = makeCertificate(folder, 'localhost')
  const wrong = await bridge('--bridge', `wss://localhost:${portOf(server)}`, '--bridge-ca', cert)
  const refused = new Client(WebSocket, socketOf(wrong))
  assert.equal((await within(60000, refused.closed, 'the close')).code, 1013)
  assert.match(wrong.errors, /does not match/)
  await stop(wrong)
  server.setSecureContext({ cert: fs.readFileSync(named.cert), key: fs.readFileSync(named.key) })
  const right = await bridge('--bridge', `wss://localhost:${portOf(server)}`, '--bridge-ca', named.cert)
  const client = await connect(right)
  assert.equal(await client.text(), 'encrypted')
  await client.leave()
  await stop(right)
  server.close()
})

check('with TLS and a token the page asks who it is', async () => {
  const file = path.join(folder, 'token')
  fs.writeFileSync(file, `${TOKEN}\n`, { mode: 0o600 })
  const started = await bridge('--bridge', `ws://127.0.0.1:${portOf(peer)}`, '--cert', cert, '--key', key, '--access-token-file', file)
  const url = pageOf(started)
  assert.equal(url.protocol, 'https:')
  const basic = (token) => ({ Authorization: `Basic ${Buffer.from(`anybody:${token}`).toString('base64')}` })
  const stranger = await ask(url)
  assert.equal(stranger.status, 401)
  assert.match(stranger.headers['www-authenticate'], /^Basic realm=/)
  assert.equal((await ask(url, { headers: basic('wrong') })).status, 401)
  assert.equal((await ask(url, { path: '/health' })).status, 200)
  const friend = await ask(url, { headers: basic(TOKEN) })
  assert.equal(friend.status, 200)
  const [cookie] = friend.headers['set-cookie']
  assert.match(cookie, /; Path=\/; HttpOnly; SameSite=Strict; Secure$/)
  const tls = { ca: pem, servername: 'bridge.test' }
  await assert.rejects(connect(started, tls), { status: 401 })
  for (const headers of [basic(TOKEN), { Authorization: `Bearer ${TOKEN}` }, { Cookie: cookie.split(';')[0] }]) {
    const client = await connect(started, { ...tls, headers, origin: url.origin })
    assert.equal(await client.text(), '{"type":"hello"}')
    await client.leave()
  }
  await stop(started)
})

const ends = (args, code, says) => {
  const done = spawnSync(program, args, { timeout: 60000, env: { ...process.env, INTERCOM_PAGE_DIR: page } })
  assert.equal(done.status, code, `${args.join(' ')}: ${done.stderr}`)
  assert.match(done.stderr.toString() + done.stdout.toString(), says)
}

check('whatever is wrong is one sentence and an exit code', async () => {
  const open = path.join(folder, 'open-token')
  fs.writeFileSync(open, `${TOKEN}\n`, { mode: 0o644 })
  ends(['--help'], 0, /--access-token-file/)
  ends(['--version'], 0, /^intercom-bridge \d/)
  ends(['--ui-port', pageOf(plain).port], 1, /^intercom-bridge: port \d+ on 127\.0\.0\.1 is in use by another program\n$/)
  ends(['--page-dir', path.join(folder, 'none')], 1, /no page there; give --page-dir/)
  ends(['--cert', key, '--key', key], 1, /bridge\.test\.key/)
  ends(['--cert', cert, '--key', path.join(folder, 'localhost.key')], 1, /not the key of/)
  ends(['--access-token-file', open], 1, /others can read it/)
  ends(['--ui-host', '0.0.0.0'], 2, /can be reached from other machines/)
  ends(['--nonsense', 'x'], 2, /--nonsense is not a flag; see --help/)
})

check('SIGTERM closes the pages and ends cleanly', async () => {
  const client = await connect(plain)
  const [{ code }] = await Promise.all([within(60000, client.closed, 'the close'), stop(plain)])
  assert.equal(code, 1001)
  peer.close()
})

await finish()
