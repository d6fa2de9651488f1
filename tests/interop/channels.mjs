// Channels as an embedder has them (intercom/mux.h) against protomux over secret-stream over udx-native, in both roles.
// docs/spec/04-protomux.md
import assert from 'node:assert/strict'
import { check, finish } from './check.mjs'
import { connect, openChannel, OURS } from './channels_support.mjs'

for (const initiator of [true, false]) {
  const who = initiator ? 'they begin' : 'we begin'

  check(`${who}: channels pair, carry messages of any size, and close`, async () => {
    const { peer, stream, mux, keyPair, over } = await connect(initiator)
    const echo = openChannel(mux, 'echo')
    assert.equal(await echo.opened, 'from C')
    assert.equal(await peer.saw('open'), keyPair.publicKey.toString('hex'))
    assert.equal(await peer.saw('channel'), 'from JavaScript')
    assert.deepEqual(stream.remotePublicKey, OURS.publicKey)
    for (const size of [0, 1, 1000, 70000, 2000000]) {
      for (const type of [0, 1]) {
        const data = Buffer.alloc(size, (i) => i)
        echo.channel.messages[type].send(data)
        assert.deepEqual(await echo.next(), [type, data])
      }
    }
    echo.channel.close()
    assert.equal(await peer.saw('channel'), 'closed CLOSED')
    stream.end()
    assert.equal(await peer.saw('closed'), 'OK')
    await over()
  })

  check(`${who}: five hundred small messages in a batch keep their order`, async () => {
    const { stream, mux, over } = await connect(initiator)
    const echo = openChannel(mux, 'echo')
    await echo.opened
    mux.cork()
    for (let i = 0; i < 500; i++) echo.channel.messages[0].send(Buffer.from(String(i)))
    mux.uncork()
    for (let i = 0; i < 500; i++) assert.equal((await echo.next())[1].toString(), String(i))
    stream.end()
    await over()
  })

  check(`${who}: our batch of five hundred is one frame and keeps its order`, async () => {
    const { stream, mux, over } = await connect(initiator)
    const echo = openChannel(mux, 'echo')
    await echo.opened
    echo.tell('batch 500')
    for (let i = 0; i < 500; i++) assert.equal((await echo.next())[1].toString(), String(i))
    assert.ok(stream.rawBytesRead < 10000, `${stream.rawBytesRead} bytes`) // 17 more for each frame otherwise
    stream.end()
    await over()
  })

  check(`${who}: channels pair by aliases that both know`, async () => {
    const { stream, mux, over } = await connect(initiator)
    const echo = openChannel(mux, 'echo')
    await echo.opened
    echo.tell('open new')
    const old = openChannel(mux, 'old', { aliases: ['new'] })
    assert.equal(await old.opened, 'from C')
    old.channel.messages[1].send(Buffer.from('by another name'))
    assert.deepEqual(await old.next(), [1, Buffer.from('by another name')])
    stream.end()
    await over()
  })

  check(`${who}: a channel of ours that they refuse is closed`, async () => {
    const { peer, stream, mux, over } = await connect(initiator)
    const echo = openChannel(mux, 'echo')
    await peer.saw('channel')
    for (let i = 0; i < 50; i++) echo.tell(`open unknown ${i}`)
    for (let i = 0; i < 50; i++) assert.equal(await peer.saw('channel'), 'closed CLOSED')
    echo.channel.messages[0].send(Buffer.from('still here'))
    assert.equal((await echo.next())[1].toString(), 'still here')
    stream.end()
    await over()
  })

  check(`${who}: we open what we are asked for and refuse the rest`, async () => {
    const { stream, mux, over } = await connect(initiator)
    const asked = openChannel(mux, 'on demand')
    asked.channel.messages[1].send(Buffer.from('before it is open'))
    assert.equal(await asked.opened, 'from C')
    assert.deepEqual(await asked.next(), [1, Buffer.from('before it is open')])
    await openChannel(mux, 'nobody knows this').closed
    stream.end()
    await asked.closed
    await over()
  })

  check(`${who}: a destroyed stream closes our channels`, async () => {
    const { peer, stream, mux, over } = await connect(initiator)
    await openChannel(mux, 'echo').opened
    await peer.saw('channel')
    stream.destroy()
    assert.equal(await peer.saw('channel'), 'closed CLOSED')
    assert.equal(await peer.saw('closed'), 'CLOSED')
    await over()
  })
}

await finish()
