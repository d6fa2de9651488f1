// An encrypted stream as an embedder has it (intercom/stream.h) against @hyperswarm/secret-stream over udx-native,
// in both roles and patterns. docs/spec/03-secret-stream.md
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { check, finish, until } from './check.mjs'
import { CPeer, within } from './udx_support.mjs'
import { JsEnd, OUR_SEED, OURS, pair, THEIRS } from './secret_stream_support.mjs'

const LONGEST = 16777198

for (const pattern of ['XX', 'IK']) {
  for (const initiator of [true, false]) {
    const setup = { initiator, pattern }
    const title = `${pattern}, ${initiator ? 'they' : 'we'} begin`

    check(`${title}: both know the other's key and the same hash`, async () => {
      const { c, js, stop } = await pair(setup)
      const [key, hash] = (await c.saw('open')).split(' ')
      assert.equal(await within(60000, 'their opening', js.stream.opened), true)
      assert.equal(key, THEIRS.publicKey.toString('hex'))
      assert.equal(hash, js.stream.handshakeHash.toString('hex'))
      assert.deepEqual(js.stream.remotePublicKey, OURS.publicKey)
      await stop()
    })

    check(`${title}: what we send before anybody answers arrives`, async () => {
      const { c, js, stop } = await pair(setup, { before: (c) => c.tell('write 20 100') })
      await js.got(20)
      await js.write(20, 100)
      js.stream.end()
      assert.equal(await c.saw('end'), '20 2000')
      await stop()
    })

    check(`${title}: sixteen megabytes in both directions, then both end`, async () => {
      const { c, js, stop } = await pair(setup)
      c.tell('write 256 65536')
      c.tell('end')
      await js.write(256, 65536)
      js.stream.end()
      assert.equal(await c.saw('end', 60000), `256 ${256 * 65536}`)
      await within(60000, 'reading to the end', js.ended)
      assert.equal(js.messages, 256)
      assert.equal(await c.saw('closed'), 'OK')
      await within(60000, 'their close', js.closed)
      assert.equal(js.error, null)
      await js.socket.close()
      await c.stop()
    })

    check(`${title}: twenty thousand small messages keep their borders`, async () => {
      const { c, js, stop } = await pair(setup)
      c.tell('write 20000 3')
      await js.write(20000, 5)
      js.stream.end()
      assert.equal(await c.saw('end'), '20000 100000')
      await js.got(20000)
      await stop()
    })

    check(`${title}: the longest message is one message, either way`, async () => {
      const { c, js, stop } = await pair(setup)
      c.tell(`write 1 ${LONGEST}`)
      await js.write(1, LONGEST)
      js.stream.end()
      assert.equal(await c.saw('end', 60000), `1 ${LONGEST}`)
      await js.got(1, 60000)
      await stop()
    })

    check(`${title}: half a stream goes on after the other half has ended`, async () => {
      const { c, js, stop } = await pair(setup)
      js.stream.end()
      assert.equal(await c.saw('end'), '0 0')
      c.tell('write 100 10000')
      c.tell('end')
      await within(60000, 'the second half', js.ended)
      assert.equal(js.messages, 100)
      assert.equal(await c.saw('closed'), 'OK')
      await stop()
    })

    check(`${title}: a destroyed end is heard of by the other`, async () => {
      const ours = await pair(setup)
      await ours.c.saw('open')
      await ours.js.stream.opened
      ours.c.tell('destroy')
      assert.equal(await ours.c.saw('closed'), 'OK')
      await within(60000, 'their close', ours.js.closed)
      assert.equal(ours.js.error.code, 'ECONNRESET')
      await ours.stop()
      const theirs = await pair(setup)
      await theirs.c.saw('open')
      await theirs.js.stream.opened
      theirs.js.stream.destroy()
      assert.equal(await theirs.c.saw('closed', 60000), 'CLOSED')
      await theirs.stop()
    })

    check(`${title}: keep-alives cross and nobody sees them`, async () => {
      const { c, js, stop } = await pair(setup, { keepAlive: 50 })
      await c.saw('open')
      const stats = await until('five keep-alives each way', async () => {
        const now = await c.stats()
        return now.frames_out >= 5 && now.frames_in >= 5 && now
      })
      assert.equal(stats.messages + js.messages, 0)
      await stop()
    })

    check(`${title}: datagrams cross in both directions`, async () => {
      const { c, js, stop } = await pair(setup)
      await c.saw('open')
      await js.stream.opened
      c.tell('datagram hello from C')
      while (!js.datagrams.length) await within(60000, 'a datagram', once(js.stream, 'message'))
      js.stream.trySend(Buffer.from('hello from JavaScript'))
      assert.equal(await c.saw('datagram'), 'hello from JavaScript')
      assert.deepEqual(js.datagrams, ['hello from C'])
      await stop()
    })

    check(`${title}: a reader that pauses stops the writer, and goes on`, async () => {
      const { c, js, stop } = await pair(setup)
      await c.saw('open')
      c.tell('pause')
      const writing = js.write(200, 65536).then(() => js.stream.end())
      await wait(500)
      c.tell('stats')
      assert.equal(JSON.parse(await c.saw('stats')).messages, 0)
      assert.ok(js.sent < 200, 'the writer was not stopped')
      c.tell('resume')
      assert.equal(await c.saw('end', 60000), `200 ${200 * 65536}`)
      await writing
      await stop()
    })
  }
}

check('bytes that were changed on the way end the stream', async () => {
  const { c, js, stop } = await pair({ initiator: true, pattern: 'XX' })
  await c.saw('open')
  await js.stream.opened
  js.raw.write(Buffer.concat([Buffer.from([20, 0, 0]), Buffer.alloc(20)]))
  assert.equal(await c.saw('closed'), 'AUTH')
  await within(60000, 'their close', js.closed)
  await stop()
})

check('another key than the one we know gets nothing', async () => {
  const js = new JsEnd({ initiator: true, pattern: 'XX' })
  const c = await CPeer.run(process.env.STREAM_PEER, ['responder', 'XX', OUR_SEED, OURS.publicKey.toString('hex')])
  c.tell(`open ${js.socket.address().port} 0`)
  c.tell('write 10 10')
  js.connect(c.port)
  assert.equal(await c.saw('closed'), 'AUTH')
  await within(60000, 'their close', js.closed)
  assert.equal(js.messages, 0)
  await js.stop()
  await c.stop()
})

await finish()
