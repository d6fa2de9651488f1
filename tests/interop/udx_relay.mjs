// A relay joins two streams: ours between two of theirs, theirs between two of ours, and mixed; directly and through
// wires that lose, delay, reorder and double. docs/spec/02-udx.md, section 9
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { check, finish, need } from './check.mjs'
import { CPeer, JsPeer, Wire, within } from './udx_support.mjs'

const [native, older] = await need('udx-native', 'udx-native-1.19')
const VERSIONS = { '1.21.3': native.default, '1.19.2': older.default }
const MB = 1 << 20
const LONG = 60000
const BAD = { loss: 0.02, reorder: 0.05, duplicate: 0.05, delay: 3 }

/** A JavaScript end and a C end that can be told and asked the same. */
class JsEnd {
  constructor (UDX, id) { this.peer = new JsPeer(UDX, id) }
  get port () { return this.peer.port }
  connect (id, port) { this.peer.connect(id, port) }
  async write (bytes) { await this.peer.write(bytes); this.peer.stream.end() }
  message (text) { this.peer.stream.trySend(Buffer.from(text)) }
  async heard () {
    while (!this.peer.messages.length) await within(LONG, 'a message', once(this.peer.stream, 'message'))
    return this.peer.messages[0]
  }

  async ended () { await within(LONG, 'the end', this.peer.ended); return this.peer.got }
  destroy () { this.peer.stream.destroy() }
  async reset () { await within(LONG, 'the reset', this.peer.closed); return this.peer.error?.code === 'ECONNRESET' }
  stop () { return this.peer.stop() }
}

class CEnd {
  static async start (id) { return Object.assign(new CEnd(), { peer: await CPeer.start(id) }) }
  get port () { return this.peer.port }
  connect (id, port) { this.peer.tell(`connect ${id} ${port}`) }
  write (bytes) { this.peer.tell(`write ${bytes}`); this.peer.tell('end') }
  message (text) { this.peer.tell(`message ${text}`) }
  heard () { return this.peer.saw('message', LONG) }
  async ended () { return Number(await this.peer.saw('end', LONG)) }
  destroy () { this.peer.tell('destroy') }
  async reset () { return await this.peer.saw('closed', LONG) === 'CLOSED' }
  stop () { return this.peer.stop() }
}

/** Streams 3 and 4 of udx-native, the first for the end `a` with the id 1, the second for `b` with the id 2. */
function jsRelay (UDX) {
  const udx = new UDX()
  const socket = udx.createSocket()
  socket.bind(0, '127.0.0.1')
  const streams = [3, 4].map((id) => udx.createStream(id))
  const closed = streams.map((stream) => new Promise((resolve) => stream.on('close', resolve)))
  for (const stream of streams) stream.on('error', () => {})
  streams[0].relayTo(streams[1])
  streams[1].relayTo(streams[0])
  return {
    port: socket.address().port,
    join (a, b) {
      streams[0].connect(socket, 1, a, '127.0.0.1')
      streams[1].connect(socket, 2, b, '127.0.0.1')
    },
    over: () => within(LONG, 'the end of the side that heard the destroy', closed[1]), // the other one stays
    async stop () {
      for (const stream of streams) stream.destroy()
      await Promise.all(closed)
      await socket.close()
    }
  }
}

async function cRelay () {
  const peer = await CPeer.run(process.env.UDX_RELAY, [])
  return {
    port: peer.port,
    join (a, b) {
      peer.tell(`1 ${a}`)
      peer.tell(`2 ${b}`)
    },
    async over () {
      for (const id of [3, 4]) assert.match(await peer.saw(`closed ${id}`, LONG), /^(OK|CLOSED)$/)
      assert.equal((await within(LONG, 'the end of our relay', peer.gone))[0], 0)
    },
    async stop () { peer.child.kill() }
  }
}

/** a <-> relay <-> b, each way through a wire of its own when `bad`. */
async function relayed (UDX, a, relay, b, bad) {
  const ends = [a === 'C' ? await CEnd.start(1) : new JsEnd(UDX, 1), b === 'C' ? await CEnd.start(2) : new JsEnd(UDX, 2)]
  const middle = relay === 'C' ? await cRelay() : jsRelay(UDX)
  const wires = bad ? await Promise.all(ends.map((end, i) => Wire.between(end.port, middle.port, { ...bad, seed: 5 + i }))) : []
  middle.join(...ends.map((end, i) => bad ? wires[i].portForB : end.port))
  ends.forEach((end, i) => end.connect(3 + i, bad ? wires[i].portForA : middle.port))
  const stop = async () => {
    for (const end of ends) await end.stop()
    await middle.stop()
    for (const wire of wires) wire.close()
  }
  return { a: ends[0], b: ends[1], relay: middle, stop }
}

for (const [version, UDX] of Object.entries(VERSIONS)) {
  for (const [a, relay, b] of [['JS', 'C', 'JS'], ['C', 'JS', 'C'], ['C', 'JS', 'JS'], ['JS', 'C', 'C'], ['C', 'C', 'C']]) {
    if (version !== '1.21.3' && a === 'C' && b === 'C' && relay === 'C') continue // they aren't in it
    const title = `${version}: ${a}, relay in ${relay}, ${b}`

    check(`${title}: bytes and messages pass both ways, then the destroy`, async () => {
      const { a: one, b: other, relay: middle, stop } = await relayed(UDX, a, relay, b)
      one.write(MB)
      assert.equal(await other.ended(), MB)
      other.message('over the relay')
      assert.equal(await one.heard(), 'over the relay')
      other.destroy()
      assert.ok(await one.reset())
      await middle.over()
      await stop()
    })

    check(`${title}: bad wires change no byte`, async () => {
      const { a: one, b: other, stop } = await relayed(UDX, a, relay, b, BAD)
      one.write(MB / 4)
      other.write(MB / 4)
      assert.equal(await other.ended(), MB / 4)
      assert.equal(await one.ended(), MB / 4)
      await stop()
    })
  }
}

await finish()
