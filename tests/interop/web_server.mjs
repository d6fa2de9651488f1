// Our WebSocket server against the ws package and against sockets that follow no rule.
// docs/spec/13-sc-bridge.md, sections 1 and 6
import assert from 'node:assert/strict'
import fs from 'node:fs'
import net from 'node:net'
import tls from 'node:tls'
import { check, finish, need, temporaryFolder } from './check.mjs'
import { Client, makeCertificate, memoryOf, rawTalk, start, stop, upgrade, within } from './web_support.mjs'

const [{ WebSocket }] = await need('ws')
const MEBIBYTE = 1 << 20
const folder = temporaryFolder()
const PATIENT = 20000
const HASTY = 1000
const plain = await start(process.env.WEB_ECHO, [PATIENT])
const port = Number(plain.line)
const url = `ws://127.0.0.1:${port}/`

async function connect (address = url, options = {}) {
  const client = new Client(WebSocket, address, options)
  await within(60000, client.opened, 'the handshake')
  return client
}

async function stats (address = url) {
  const client = await connect(address)
  client.socket.send('stats')
  const numbers = JSON.parse(await client.text())
  await client.leave()
  return numbers
}

const refused = async (options, status, address = url) => {
  const client = new Client(WebSocket, address, options)
  await assert.rejects(within(60000, client.opened, 'the refusal'), { status })
}

check('text and binary come back as they were', async () => {
  const client = await connect()
  client.socket.send('héllo 😀')
  client.socket.send(Buffer.from([0, 255, 1]))
  client.socket.send('')
  assert.deepEqual(await client.message(), { data: Buffer.from('héllo 😀'), binary: false })
  assert.deepEqual(await client.message(), { data: Buffer.from([0, 255, 1]), binary: true })
  assert.equal(await client.text(), '')
  assert.deepEqual(await client.leave(), { code: 1000, reason: '' })
})

check('fragments are joined, with a ping between them', async () => {
  const client = await connect()
  const pong = new Promise((resolve) => client.socket.on('pong', resolve))
  client.socket.send('one ', { fin: false })
  client.socket.ping('are you there')
  client.socket.send('two ', { fin: false })
  client.socket.send('three', { fin: true })
  assert.equal((await within(60000, pong, 'the pong')).toString(), 'are you there')
  assert.equal(await client.text(), 'one two three')
  await client.leave()
})

check('a message of 1 MiB passes, one byte more closes with 1009', async () => {
  const client = await connect()
  client.socket.send(Buffer.alloc(MEBIBYTE, 7))
  assert.equal((await client.message()).data.length, MEBIBYTE)
  client.socket.send(Buffer.alloc(MEBIBYTE + 1))
  assert.equal((await within(60000, client.closed, 'the close')).code, 1009)
})

check('fragments of more than 1 MiB together close with 1009', async () => {
  const client = await connect()
  for (let i = 0; i < 17; i++) client.socket.send(Buffer.alloc(65536), { fin: false })
  assert.equal((await within(60000, client.closed, 'the close')).code, 1009)
})

check('close codes pass in both directions', async () => {
  for (const code of [1000, 1001, 1011, 3000, 4999]) {
    const client = await connect()
    client.socket.send(`close ${code}`)
    assert.deepEqual(await within(60000, client.closed, 'the close'), { code, reason: 'as told' })
  }
  const client = await connect()
  client.socket.close(4321, 'bye')
  assert.deepEqual(await within(60000, client.closed, 'the close'), { code: 4321, reason: 'bye' })
})

check('foreign origins and hosts are refused, the friend is not', async () => {
  await refused({ origin: 'http://evil.example' }, 403)
  await refused({ origin: 'null' }, 403)
  await refused({ origin: `http://127.0.0.1:${port}` }, 403)
  await refused({ headers: { Host: 'evil.example' } }, 403)
  await refused({ headers: { Host: `rebound.example:${port}` } }, 403)
  const friend = await connect(url, { origin: 'https://friend.example', headers: { Host: 'LocalHost:1' } })
  await friend.leave()
})

check('a plain request gets 426 with the reason as text', async () => {
  const answer = await fetch(`http://127.0.0.1:${port}/any`)
  assert.equal(answer.status, 426)
  assert.equal(await answer.text(), 'Upgrade Required')
})

check('bad handshakes are answered and ended', async () => {
  for (const [bytes, status] of [
    ['nonsense\r\n\r\n', 400],
    [upgrade().replace('Sec-WebSocket-Key', 'X-Key'), 400],
    [upgrade().replace('==', '='), 400],
    [upgrade().replace('Version: 13', 'Version: 7'), 426],
    [upgrade().replace('HTTP/1.1', 'HTTP/1.0'), 400],
    [upgrade('Content-Length: 5\r\n'), 400],
    [upgrade().replace('GET', 'PUT'), 400],
    [upgrade().replace('Host: 127.0.0.1\r\n', ''), 400],
    ['GET / HTTP/1.1\r\nX: ' + 'y'.repeat(9000), 431],
    ['GET / HTTP/1.1\r\n' + 'X: y\r\n'.repeat(65) + '\r\n', 431],
    [Buffer.from([0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0, 13, 10, 13, 10]), 400]
  ]) {
    for (const halfOpen of [false, true]) {
      const answer = (await within(60000, rawTalk(port, bytes, { halfOpen }), 'an answer')).toString('latin1')
      assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `), `${JSON.stringify(bytes.toString().slice(0, 60))} ${halfOpen}`)
    }
  }
})

check('frames that follow no rule close the connection and nobody else notices', async () => {
  const bystander = await connect()
  for (const frame of [
    [0x81, 0x02, 0x68, 0x69], // not masked
    [0xc1, 0x80, 0, 0, 0, 0], // reserved bit
    [0x83, 0x80, 0, 0, 0, 0], // unknown opcode
    [0x80, 0x80, 0, 0, 0, 0], // continues nothing
    [0x89, 0xfe, 0, 126, 0, 0, 0, 0], // ping of 126 bytes
    [0x82, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 1], // 2^63 - 1 bytes
    [0x82, 0xff, 0xff, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 1], // more than that
    [0x81, 0x81, 0, 0, 0, 0, 0xff] // not UTF-8
  ]) {
    const answer = await within(60000, rawTalk(port, Buffer.concat([Buffer.from(upgrade()), Buffer.from(frame)])), 'the end')
    const text = answer.toString('latin1')
    assert.match(text, /^HTTP\/1\.1 101 Web Socket Protocol Handshake\r\n/)
    assert.equal(text.split('\r\n\r\n')[1].charCodeAt(0), 0x88, `a close frame after ${frame}`)
  }
  bystander.socket.send('still here')
  assert.equal(await bystander.text(), 'still here')
  await bystander.leave()
})

check('random bytes after a handshake do no harm', async () => {
  let seed = 7
  const random = () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) >> 16
  for (let i = 0; i < 50; i++) {
    const noise = Buffer.from(Array.from({ length: 1 + random() % 200 }, () => random() & 255))
    await within(60000, rawTalk(port, Buffer.concat([Buffer.from(upgrade()), noise]), { halfOpen: true }), 'the end')
  }
  assert.equal((await stats()).clients, 1)
})

check('half-open handshakes end in time, and more of them only wait', async () => {
  const hasty = await start(process.env.WEB_ECHO, [HASTY])
  const to = Number(hasty.line)
  const sockets = Array.from({ length: 100 }, () => net.connect(to, '127.0.0.1', function () { this.write('GET / HT') }))
  await within(60000, Promise.all(sockets.map((socket) => new Promise((resolve) => {
    socket.on('error', resolve)
    socket.on('close', resolve)
    socket.on('end', () => socket.end())
    socket.resume()
  }))), 'the end of all')
  assert.equal((await stats(`ws://127.0.0.1:${to}/`)).timedOut, 100)
  await stop(hasty)
})

check('a reader that stops is dropped, and memory stays bounded', async () => {
  const client = await connect()
  const before = (await stats()).droppedSlow
  client.socket._socket.pause()
  for (let i = 0; i < 3; i++) client.socket.send('flood')
  for (let turn = 0; (await stats()).droppedSlow === before; turn++) {
    assert.ok(turn < 100, 'never dropped')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  client.socket.terminate()
  assert.ok(memoryOf(plain.child) < 64 * MEBIBYTE, `${memoryOf(plain.child)} bytes`)
})

check('of 1000 clients 64 are served and 936 refused with 503', async () => {
  const full = (await stats()).refusedFull
  const clients = Array.from({ length: 1000 }, () => new Client(WebSocket, url))
  const results = await within(60000, Promise.allSettled(clients.map((client) => client.opened)), 'all answers')
  const served = clients.filter((client, i) => results[i].status === 'fulfilled')
  const statuses = new Set(results.filter((result) => result.status === 'rejected').map((result) => result.reason.status))
  assert.equal(served.length, 64)
  assert.deepEqual([...statuses], [503])
  served.forEach((client, i) => client.socket.send(`number ${i}`))
  for (const [i, client] of served.entries()) assert.equal(await client.text(), `number ${i}`)
  const memory = memoryOf(plain.child)
  assert.ok(memory < 64 * MEBIBYTE, `${memory} bytes`)
  await Promise.all(served.map((client) => client.leave()))
  assert.equal((await stats()).refusedFull - full, 936)
})

check('wss works with a certificate, and only by its name', async () => {
  const { cert, key, pem } = makeCertificate(folder, 'bridge.test')
  const secure = await start(process.env.WEB_ECHO, [PATIENT, cert, key])
  const address = `wss://127.0.0.1:${Number(secure.line)}/`
  const named = (servername) => ({ ca: pem, servername, checkServerIdentity: tls.checkServerIdentity })
  const client = await connect(address, named('bridge.test'))
  client.socket.send(Buffer.alloc(MEBIBYTE, 1))
  assert.equal((await client.message()).data.length, MEBIBYTE)
  assert.equal(client.socket._socket.getProtocol(), 'TLSv1.2')
  await client.leave()
  await assert.rejects(connect(address, named('evil.test')), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
  await assert.rejects(connect(address, { servername: 'bridge.test' }), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
  await assert.rejects(connect(address, { ...named('bridge.test'), maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' }),
    /alert protocol version/)
  await stop(secure)
})

check('plain HTTP, silence and noise on the TLS port end in time', async () => {
  const { cert, key, pem } = makeCertificate(folder, 'bridge.test')
  const secure = await start(process.env.WEB_ECHO, [HASTY, cert, key])
  const to = Number(secure.line)
  const answer = await within(60000, rawTalk(to, upgrade()), 'the end')
  assert.equal(answer.length, 0, 'no answer in plain text')
  await within(60000, rawTalk(to, ''), 'the end of silence')
  await within(60000, rawTalk(to, Buffer.from([0x16, 3, 3, 0x40, 0, 1])), 'the end of half a hello')
  await within(60000, rawTalk(to, Buffer.alloc(20000, 0x16)), 'the end of noise')
  const client = await connect(`wss://127.0.0.1:${to}/`, { ca: pem, servername: 'bridge.test' })
  client.socket.send('stats')
  const numbers = JSON.parse(await client.text())
  assert.ok(numbers.tlsFailed >= 2 && numbers.timedOut >= 2, JSON.stringify(numbers))
  await client.leave()
  await stop(secure)
})

check('SIGTERM says goodbye with 1001 and ends cleanly', async () => {
  const client = await connect()
  const [{ code }] = await Promise.all([within(60000, client.closed, 'the close'), stop(plain)])
  assert.equal(code, 1001)
  assert.ok(fs.existsSync(folder))
})

await finish()
