// Channels (intercom/mux.h) against protomux over secret-stream over udx-native, both versions, in both roles, through
// wires that lose, delay, reorder and double. docs/spec/04-protomux.md
import assert from 'node:assert/strict'
import { check, finish } from './check.mjs'
import { connect, openChannel, VERSIONS } from './channels_support.mjs'

const BAD = { loss: 0.03, reorder: 0.05, duplicate: 0.05, delay: 5, seed: 11 }
const LONG = 60000
const SLOW = { ms: LONG }

for (const version of Object.keys(VERSIONS)) {
  for (const initiator of [true, false]) {
    const title = `${version}, ${initiator ? 'they' : 'we'} begin`
    const open = () => connect(initiator, { wire: BAD, version })

    check(`${title}: a hundred channels at once carry what is theirs`, async () => {
      const { stream, mux, over } = await open()
      const channels = Array.from({ length: 100 }, (_, i) => openChannel(mux, 'on demand', { id: Buffer.from([i]), ...SLOW }))
      channels.forEach(({ channel }, i) => {
        for (let k = 0; k < 20; k++) channel.messages[k & 1].send(Buffer.alloc(10 * k + i, i))
      })
      for (const [i, channel] of channels.entries()) {
        assert.equal(await channel.opened, 'from C')
        for (let k = 0; k < 20; k++) assert.deepEqual(await channel.next(), [k & 1, Buffer.alloc(10 * k + i, i)])
      }
      for (let i = 0; i < 100; i += 2) channels[i].channel.close()
      channels[1].channel.messages[0].send(Buffer.from('the others stay'))
      assert.equal((await channels[1].next())[1].toString(), 'the others stay')
      stream.end()
      await channels[99].closed
      stream.destroy()
      await over(LONG)
    })

    check(`${title}: messages of any size and batches both ways`, async () => {
      const { stream, mux, over } = await open()
      const echo = openChannel(mux, 'echo', SLOW)
      for (const size of [0, 1, 1200, 70000, 400000]) {
        const data = Buffer.alloc(size, (i) => i)
        echo.channel.messages[1].send(data)
        assert.deepEqual(await echo.next(), [1, data])
      }
      mux.cork()
      for (let i = 0; i < 500; i++) echo.channel.messages[0].send(Buffer.from(String(i)))
      mux.uncork()
      echo.tell('batch 500')
      for (let i = 0; i < 1000; i++) assert.equal((await echo.next())[1].toString(), String(i % 500))
      stream.destroy()
      await over(LONG)
    })

    check(`${title}: both refuse what they do not know`, async () => {
      const { peer, stream, mux, over } = await open()
      const echo = openChannel(mux, 'echo', SLOW)
      const strangers = Array.from({ length: 40 }, (_, i) => openChannel(mux, `unknown here ${i}`, SLOW))
      for (let i = 0; i < 40; i++) echo.tell(`open unknown there ${i}`)
      for (const stranger of strangers) await stranger.closed
      await peer.saw('channel', LONG)
      for (let i = 0; i < 40; i++) assert.equal(await peer.saw('channel', LONG), 'closed CLOSED')
      echo.tell('close')
      await echo.closed
      stream.destroy()
      await over(LONG)
    })

    check(`${title}: a mux of ours that closes ends their channels`, async () => {
      const { stream, mux, over } = await connect(initiator, { wire: { ...BAD, loss: 0 }, version }) // nobody repeats a destroy
      const echo = openChannel(mux, 'echo', SLOW)
      const other = openChannel(mux, 'on demand', SLOW)
      await other.opened
      echo.tell('destroy')
      await echo.closed
      await other.closed
      stream.destroy()
      await over(LONG)
    })

    check(`${title}: our queue fills, drains, and everything arrives`, async () => {
      const { peer, stream, mux, over } = await open()
      const echo = openChannel(mux, 'echo', SLOW)
      await echo.opened
      echo.tell('flood 300 60000')
      for (let i = 0; i < 300; i++) assert.equal((await echo.next())[1].length, 60000)
      assert.ok(Number(await peer.saw('flood', LONG)) > 0, 'the queue never was full')
      stream.destroy()
      await over(LONG)
    })

    check(`${title}: a reader of ours that pauses stops them, and goes on`, async () => {
      const { stream, mux, over } = await open()
      const echo = openChannel(mux, 'echo', SLOW)
      await echo.opened
      echo.tell('hold 1500')
      const piece = Buffer.alloc(60000, 7)
      let stopped = 0
      for (let i = 0; i < 120; i++) {
        if (echo.channel.messages[0].send(piece)) continue
        stopped++
        await echo.drain()
      }
      for (let i = 0; i < 120; i++) assert.deepEqual(await echo.next(), [0, piece])
      assert.ok(stopped > 0, 'the writer was never stopped')
      stream.destroy()
      await over(LONG)
    })
  }
}

await finish()
