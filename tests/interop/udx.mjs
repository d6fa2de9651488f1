// UDX against udx-native: one of our streams and one of theirs, over sockets of loopback.
import assert from 'node:assert/strict'
import dgram from 'node:dgram'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { check, finish, need, until } from './check.mjs'
import { CPeer, JsPeer, Wire, within } from './udx_support.mjs'

const [native, older] = await need('udx-native', 'udx-native-1.19')
const MB = 1 << 20

async function pair (UDX, wireOptions, cOptions) {
  const c = await CPeer.start(7, cOptions)
  const js = new JsPeer(UDX, 9)
  const wire = wireOptions && await Wire.between(c.port, js.port, wireOptions)
  c.tell(`connect 9 ${wire ? wire.portForA : js.port}`)
  js.connect(7, wire ? wire.portForB : c.port)
  await c.stats() // it has done what it was told: what is sent once finds it connected
  const stop = async () => {
    await js.stop()
    await c.stop()
    if (wire) wire.close()
  }
  return { c, js, wire, stop }
}

/**
 * Both write so much, end, and read the other's end. On a bad wire the reference may be gone before our
 * end was acknowledged (it doesn't linger): there only the bytes count.
 */
async function bothWays ({ c, js, wire }, bytes, ms = 60000) {
  c.tell(`write ${bytes}`)
  c.tell('end')
  const writing = js.write(bytes).then(() => js.stream.end())
  assert.equal(Number((await c.saw('end', ms))), bytes)
  await within(ms, 'reading to the end', js.ended)
  await writing
  assert.equal(js.got, bytes)
  if (wire && wire.lost) return
  assert.equal(await c.saw('closed', ms), 'OK')
  await within(ms, 'closing', js.closed)
  assert.equal(js.error, null)
}

for (const [name, UDX] of [['1.21.3', native.default], ['1.19.2', older.default]]) {
  check(`${name}: eight megabytes in both directions, then both end`, async () => {
    const p = await pair(UDX)
    await bothWays(p, 8 * MB)
    await p.stop()
  })

  check(`${name}: the same without help of the kernel`, async () => {
    const p = await pair(UDX, null, { plain: true })
    await bothWays(p, 2 * MB)
    await p.stop()
  })

  check(`${name}: half a stream goes on after the other half has ended`, async () => {
    const { c, js, stop } = await pair(UDX)
    js.stream.end()
    assert.equal(await c.saw('end'), '0')
    c.tell(`write ${MB}`)
    c.tell('end')
    await within(60000, 'the second half', js.ended)
    assert.equal(js.got, MB)
    assert.equal(await c.saw('closed'), 'OK')
    await stop()
  })

  check(`${name}: our destroy resets their stream`, async () => {
    const { c, js, stop } = await pair(UDX)
    c.tell('write 1000')
    await within(60000, 'the first bytes', once(js.stream, 'data'))
    c.tell('destroy')
    await within(60000, 'the reset', js.closed)
    assert.equal(js.error.code, 'ECONNRESET')
    assert.equal(await c.saw('closed'), 'OK')
    await stop()
  })

  check(`${name}: their destroy resets our stream`, async () => {
    const { c, js, stop } = await pair(UDX)
    await js.write(1000)
    js.stream.destroy()
    assert.equal(await c.saw('closed', 60000), 'CLOSED')
    await stop()
  })

  check(`${name}: messages cross in both directions`, async () => {
    const { c, js, stop } = await pair(UDX)
    c.tell('message hello from C')
    js.stream.trySend(Buffer.from('hello from JavaScript'))
    assert.equal(await c.saw('message'), 'hello from JavaScript')
    while (!js.messages.length) await within(60000, 'a message', once(js.stream, 'message'))
    assert.deepEqual(js.messages, ['hello from C'])
    await stop()
  })

  check(`${name}: we find the largest packet that passes`, async () => {
    const widest = (limit) => ({ pass: (from, data) => data.length + 28 <= limit })
    for (const [limit, found] of [[1500, 1500], [1300, 1296]]) {
      const p = await pair(UDX, widest(limit))
      p.c.tell(`write ${2 * MB}`)
      while (p.js.got < 2 * MB) await within(60000, 'data', once(p.js.stream, 'data'))
      assert.equal((await p.c.stats()).mtu, found)
      await p.stop()
    }
  })

  check(`${name}: they find it, too: padded packets are read`, async () => {
    let padded = 0
    const p = await pair(UDX, { pass: (from, data) => { padded += from === 'b' && data[3] > 0 && (data[2] & 1); return true } })
    p.js.stream.write(Buffer.from([0]))
    await wait(50)
    const rest = 400000
    p.js.got = 0
    p.js.stream.write(Buffer.from(Array.from({ length: rest }, (_, i) => ((i + 1) * 31 + Math.floor((i + 1) / 256) * 7) & 255)))
    p.js.stream.end()
    assert.equal(Number(await p.c.saw('end')), rest + 1)
    assert.ok(padded > 0)
    await p.stop()
  })

  for (const [what, bad] of [
    ['loses 2 %', { loss: 0.02 }],
    ['loses 10 %', { loss: 0.1 }],
    ['reorders 10 %', { reorder: 0.1 }],
    ['loses, reorders and doubles', { loss: 0.03, reorder: 0.05, duplicate: 0.05 }]
  ]) {
    check(`${name}: a wire that ${what} changes no byte`, async () => {
      const p = await pair(UDX, { ...bad, seed: 42 })
      await bothWays(p, bad.loss >= 0.1 ? 100000 : MB, 50000)
      await p.stop()
    })
  }

  check(`${name}: both move to another path in the middle of a transfer`, async () => {
    const { c, js, stop } = await pair(UDX)
    c.tell(`write ${4 * MB}`)
    await within(60000, 'the first bytes', once(js.stream, 'data'))
    const other = js.udx.createSocket()
    other.bind(0, '127.0.0.1')
    c.tell(`move 9 ${other.address().port}`)
    const moving = js.stream.changeRemote(other, 7, Number(await c.saw('second')))
    c.tell('end')
    await c.saw('moved')
    await within(60000, 'the rest', js.ended)
    await moving
    assert.equal(js.got, 4 * MB)
    await stop()
    await other.close()
  })

  check(`${name}: they move to another path in the middle of a transfer`, async () => {
    const { c, js, stop } = await pair(UDX)
    const wire = await Wire.between(c.port, js.port)
    const writing = js.write(4 * MB).then(() => js.stream.end())
    await wait(20)
    await within(60000, 'their move', js.stream.changeRemote(js.socket, 7, wire.portForB))
    assert.equal(Number(await c.saw('end')), 4 * MB)
    await writing
    wire.close()
    await stop()
  })

  check(`${name}: both move to another bad wire in the middle of a transfer`, async () => {
    const bad = { loss: 0.02, reorder: 0.05, duplicate: 0.05, delay: 3 }
    const { c, js, stop } = await pair(UDX, { ...bad, seed: 21 })
    const other = js.udx.createSocket()
    other.bind(0, '127.0.0.1')
    c.tell('second')
    const wire = await Wire.between(Number(await c.saw('second')), other.address().port, { ...bad, seed: 22 })
    c.tell(`write ${2 * MB}`)
    const writing = js.write(MB).then(() => js.stream.end())
    await within(60000, 'the first bytes', once(js.stream, 'data'))
    c.tell(`move 9 ${wire.portForA}`)
    const moving = js.stream.changeRemote(other, 7, wire.portForB)
    c.tell('end')
    await within(60000, 'the rest', js.ended)
    assert.equal(js.got, 2 * MB)
    assert.equal(Number(await c.saw('end', 60000)), MB)
    await writing
    await moving
    await stop()
    await other.close()
    wire.close()
  })

  check(`${name}: a reader that pauses stops the writer, and goes on`, async () => {
    const { c, js, stop } = await pair(UDX)
    c.tell('pause')
    const bytes = 12 * MB
    const writing = js.write(bytes).then(() => js.stream.end())
    await wait(600)
    const { got } = await c.stats()
    assert.ok(got < 5 * MB, `${got} bytes were handed up by a paused stream`)
    c.tell('resume')
    assert.equal(Number(await c.saw('end', 60000)), bytes)
    await writing
    await stop()
  })

  check(`${name}: keep-alive of an idle stream harms nobody`, async () => {
    const { c, js, stop } = await pair(UDX)
    c.tell('keepalive 50')
    await until('eight heartbeats', async () => (await c.stats()).packets_out >= 8)
    // Only the newer version answers one.
    if (name === '1.21.3') await until('eight answers', async () => (await c.stats()).packets_in >= 8)
    else assert.equal((await c.stats()).packets_in, 0)
    c.tell('write 100')
    await within(60000, 'data', once(js.stream, 'data'))
    await stop()
  })
}

check('what is no stream packet reaches the handler of the socket and can be answered', async () => {
  const c = await CPeer.start(7)
  const socket = dgram.createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  for (const bytes of [Buffer.from([3, 1, 2]), Buffer.from([0]), Buffer.alloc(1200, 0x13)]) {
    socket.send(bytes, c.port, '127.0.0.1')
    const [answer] = await within(60000, 'the answer', once(socket, 'message'))
    assert.deepEqual(answer, bytes)
    assert.equal(Number(await c.saw('datagram')), bytes.length)
  }
  socket.close()
  await c.stop()
})

await finish()
