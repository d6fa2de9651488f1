// Side channels of ours against the reference's, in both roles and in rooms of both. docs/spec/12-sidechannel.md
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { check, finish, need } from './check.mjs'
import { ENTRY, Reference } from './side_reference.mjs'
import { CPeer, within } from './udx_support.mjs'

const [sodium, { default: SecretStream }, { default: UDX }, { default: Protomux }, { default: c }] =
  await need('sodium-native', '@hyperswarm/secret-stream', 'udx-native', 'protomux', 'compact-encoding')
const packages = { sodium: sodium.default, SecretStream, Protomux, c }

const MS = 60000
let lastId = 100
let lastSeed = 0
const sides = [] // of the check that runs

const keyPairOf = (seed) => SecretStream.keyPair(Buffer.alloc(32, seed))

/** The reference. */
class JsSide {
  static async start (options = {}) {
    const side = new JsSide()
    side.keyPair = options.keyPair ?? keyPairOf(++lastSeed)
    side.key = side.keyPair.publicKey.toString('hex')
    side.options = options
    side.up()
    sides.push(side)
    return side
  }

  up () {
    this.reference = new Reference(packages, this.keyPair, this.options)
    this.socket = new UDX().createSocket()
    this.socket.bind(0, '127.0.0.1')
    this.port = this.socket.address().port
  }

  connect (initiator, id, theirs, port) {
    const raw = this.socket.udx.createStream(id)
    raw.connect(this.socket, theirs, port, '127.0.0.1')
    const link = this.reference.connect(initiator, raw)
    return { open: link.opened, end: () => { link.stream.destroy(); return once(link.stream, 'close') } }
  }

  async join (channel, { invite, welcome } = {}) { return this.reference.join(channel, invite, welcome) }
  async leave (channel) { this.reference.leave(channel) }
  async send (channel, message) { return this.reference.send(channel, message) }
  async open (channel, options) { return this.reference.requestOpen(channel, options) }
  async invite (channel, key) { return this.reference.invite(channel, key) }
  async welcome (channel, text) { return this.reference.welcome(channel, text) }
  hears (channel, message) { return within(MS, `JS: ${channel} ${JSON.stringify(message)}`.slice(0, 90), this.reference.hears(channel, message)) }
  sees (event) { return within(MS, `JS: ${event}`, this.reference.sees(event)) }
  count (channel, message) { return this.reference.count(channel, message) }

  async stop () {
    const closed = [...this.reference.links].map(({ stream }) => once(stream, 'close'))
    this.reference.close()
    await within(MS, 'the end of JS streams', Promise.all(closed))
    await this.socket.close()
  }
}

/** Ours, behind the same face. */
class CSide extends CPeer {
  static async start (options = {}) {
    const seed = ++lastSeed
    const flags = CSide.flags({ ...options })
    const side = await CSide.run(process.env.SIDE_PEER, [Buffer.alloc(32, seed).toString('hex'), ...flags])
    side.key = keyPairOf(seed).publicKey.toString('hex')
    Object.assign(side, { seed, flags })
    sides.push(side)
    return side
  }

  static flags ({ channels, pow = true, bits = 12, owners = {}, ownerWrite = [], invites, inviters = [], welcomeRequired = true, autoJoin = false, relay = true, rate = 64000 }) {
    return [
      `pow=${Number(pow)}`, `bits=${bits}`, `channels=${(channels ?? []).join(',')}`, `rate=${rate}`,
      `owners=${Object.entries(owners).map(([channel, key]) => `${channel}:${key}`).join(',')}`, `owner-write=${ownerWrite.join(',')}`,
      `invite-required=${Number(Boolean(invites))}`, `invite-channels=${(invites ?? []).join(',')}`, `inviters=${inviters.join(',')}`,
      `welcome-required=${Number(welcomeRequired)}`, `auto-join=${Number(autoJoin)}`, `relay=${Number(relay)}`
    ]
  }

  _line (line) {
    const [, channel, signed, json] = /^message (\S+) (\S+) (.*)$/.exec(line) ?? []
    if (channel) {
      this.shown ??= []
      this.shown.push({ channel, signed: signed === 'signed', payload: JSON.parse(json) })
    }
    super._line(line)
  }

  async _do (...words) {
    const done = this.saw(`did ${words[0]}`)
    this.tell(words.join('\t'))
    return await done === 'OK'
  }

  connect (initiator, id, theirs, port) {
    this._do('connect', initiator ? 'initiator' : 'responder', id, theirs, port)
    return { open: this.saw(`opened ${id}`), end: async () => { this._do('hangup', id); await this.saw(`closed ${id}`) } }
  }

  join (channel, { invite, welcome } = {}) { return this._do('join', channel, ...[invite, welcome].map((v) => v ? JSON.stringify(v) : '')) }
  leave (channel) { return this._do('leave', channel) }
  send (channel, message) { return this._do('send', channel, JSON.stringify(message)) }
  open (channel, { via = '', invite, welcome } = {}) { return this._do('open', channel, via, ...[invite, welcome].map((v) => v ? JSON.stringify(v) : '')) }
  async invite (channel, key) { await this._do('invite', channel, key); return JSON.parse(await this.saw('invite')) }
  async welcome (channel, text) { await this._do('welcome', channel, text); return JSON.parse(await this.saw('welcome')) }
  async drops () { await this._do('drops'); return JSON.parse(await this.saw('drops')) }
  _find (channel, message) { return (this.shown ?? []).filter((e) => e.channel === channel && JSON.stringify(e.payload.message) === JSON.stringify(message)) }
  count (channel, message) { return this._find(channel, message).length }

  async hears (channel, message) {
    await within(MS, `C: ${channel} ${JSON.stringify(message)}`.slice(0, 90), new Promise((resolve) => {
      const ask = () => this.count(channel, message) > 0 && (resolve(), true)
      if (!ask()) this.waiting.push(ask)
    }))
    return this._find(channel, message)[0]
  }

  async sees (event) {
    await this.saw(event.replace('joined', 'auto-joined'), MS)
  }
}

const JS = JsSide
const C = CSide

/** A connection between two sides; its end. */
async function link (a, b) {
  const [ida, idb] = [++lastId, ++lastId]
  const theirs = b.connect(false, idb, ida, a.port)
  const ours = a.connect(true, ida, idb, b.port)
  await within(MS, 'a handshake', Promise.all([ours.open, theirs.open]))
  return async () => {
    const other = b instanceof CSide ? b.saw(`closed ${idb}`) : null
    await ours.end()
    await other
  }
}

/** Channels open some time after the connection: say it until it is heard; what else was said does not count. */
async function meet (a, b, channel) {
  for (const [from, to] of [[a, b], [b, a]]) {
    for (const end = Date.now() + MS; ;) {
      const ping = `ping ${++lastId}`
      await from.send(channel, ping)
      const heard = await Promise.race([to.hears(channel, ping).then(() => true), new Promise((resolve) => setTimeout(resolve, 200))])
      if (heard) break
      assert(Date.now() < end, `${channel}: no meeting`)
    }
  }
}

const settle = (ms = 300) => new Promise((resolve) => setTimeout(resolve, ms))

/** A check whose sides are stopped behind it. */
function scene (name, body) {
  check(name, async () => {
    try {
      await body()
    } finally {
      for (const side of sides.splice(0)) await side.stop()
    }
  })
}

const open = { pow: false, welcomeRequired: false }
const bodies = ['hello', 'caf\u00e9 \ud83d\ude00', '', null, 0, -0.5, 1e21, true, [1, [2, { z: 1, a: null }]], { '\u20ac': 1, a: { '10': 1, '9': 2 } }, 'x'.repeat(50000)]

for (const [from, First, Second] of [['C begins with JS', C, JS], ['JS begins with C', JS, C]]) {
  for (const pow of [false, true]) {
    scene(`${from}, ${pow ? 'with' : 'without'} work: every body arrives, signed, once`, async () => {
      const options = { ...open, pow, bits: 8, channels: ['trip'] }
      const [a, b] = [await First.start(options), await Second.start(options)]
      await link(a, b)
      for (const channel of [ENTRY, 'trip']) {
        await meet(a, b, channel)
        for (const [i, body] of bodies.entries()) {
          for (const [x, y] of [[a, b], [b, a]]) {
            const message = { i, body, by: x.key, channel }
            await x.send(channel, message)
            const { payload, signed } = await y.hears(channel, message)
            assert.equal(signed, true)
            assert.equal(payload.from, x.key)
            assert.equal(payload.origin, x.key)
            assert.equal(payload.channel, channel)
            assert.equal(payload.ttl, 3)
            assert.equal(y.count(channel, message), 1)
          }
        }
      }
    })
  }

  scene(`${from}: a channel joined later opens, and opens again when the JS peer has left it`, async () => {
    const [a, b] = [await First.start(open), await Second.start(open)]
    const js = a instanceof JsSide ? a : b
    await link(a, b)
    await meet(a, b, ENTRY)
    await a.join('late')
    await settle(1200) // past some of its retries
    await b.join('late')
    await meet(a, b, 'late')
    for (let i = 0; i < 3; i++) {
      await js.leave('late')
      await settle(50)
      await js.join('late')
      await meet(a, b, 'late')
    }
  })

  scene(`${from}: after C has left, JS stays deaf until there is a new connection`, async () => {
    const options = { ...open, channels: ['trip'] }
    const [a, b] = [await First.start(options), await Second.start(options)]
    const [ours, theirs] = a instanceof CSide ? [a, b] : [b, a]
    const end = await link(a, b)
    await meet(a, b, 'trip')
    await settle(1600) // no retry of the beginning is left
    await ours.leave('trip')
    await settle(100)
    await ours.join('trip')
    await settle(200)
    await ours.send('trip', 'to the deaf')
    await settle(500)
    assert.equal(theirs.count('trip', 'to the deaf'), 0)
    await meet(a, b, ENTRY)
    await end()
    await link(a, b)
    await meet(a, b, 'trip')
  })

  scene(`${from}: an owner's welcome opens his channel, and only he writes there`, async () => {
    const owner = await First.start({ pow: false })
    const owners = { pub: owner.key }
    await owner.stop()
    sides.pop()
    lastSeed--
    const options = { pow: false, owners, ownerWrite: ['pub'], channels: ['pub'] }
    const [a, b] = [await First.start(options), await Second.start(options)]
    assert.equal(a.key, owners.pub)
    await a.welcome('pub', 'come in')
    await link(a, b)
    await within(MS, 'the welcome', (async () => {
      for (let i = 0; b.count('pub', `official ${i - 1}`) === 0; i++) {
        await a.send('pub', `official ${i}`)
        await settle(100)
      }
    })())
    assert.equal(await b.send('pub', 'me too'), false)
  })

  scene(`${from}: who has no invite hears and says nothing, who has one does`, async () => {
    const host = await First.start({})
    const inviters = [host.key]
    await host.stop()
    sides.pop()
    lastSeed--
    const options = { ...open, invites: ['priv'], inviters }
    const a = await First.start({ ...options, channels: ['priv'] })
    const guest = await Second.start(options)
    // the stranger's own settings do not ask for an invite
    const stranger = await Second.start({ ...open, channels: ['priv'] })
    await link(a, guest)
    await link(a, stranger)
    await meet(a, stranger, ENTRY)
    assert.equal(await guest.join('priv'), false)
    assert.equal(await guest.join('priv', { invite: await a.invite('priv', guest.key) }), true)
    await meet(a, guest, 'priv')
    await stranger.send('priv', 'let me in')
    await a.send('priv', 'secret')
    await guest.hears('priv', 'secret')
    await settle()
    assert.equal(a.count('priv', 'let me in'), 0)
    assert.equal(stranger.count('priv', 'secret'), 0)
  })

  scene(`${from}: a request opens a channel there, with work, with and without a welcome`, async () => {
    const options = { bits: 8, autoJoin: true, welcomeRequired: false }
    const [a, b] = [await First.start(options), await Second.start(options)]
    await link(a, b)
    await meet(a, b, ENTRY)
    for (const [x, y] of [[a, b], [b, a]]) {
      if (y instanceof JsSide) continue
      await x.join(`by ${x.key.slice(0, 8)}`.replace(' ', '-'))
      await x.open(`by-${x.key.slice(0, 8)}`)
      await y.sees(`joined by-${x.key.slice(0, 8)}`)
      await meet(x, y, `by-${x.key.slice(0, 8)}`)
    }
  })

  scene(`${from}: either may start again`, async () => {
    const options = { ...open, channels: ['trip'] }
    const all = [await First.start(options), await Second.start(options)]
    await link(...all)
    await meet(...all, 'trip')
    for (const i of [0, 1, 0]) {
      await all[i].stop()
      sides.splice(sides.indexOf(all[i]), 1)
      all[i] = await [First, Second][i].start(options)
      await link(...all)
      await meet(...all, 'trip')
    }
  })
}

scene('C asks JS to open a channel: our work is over what goes over the wire', async () => {
  const options = { bits: 8, autoJoin: true, welcomeRequired: false }
  const [a, b] = [await C.start(options), await JS.start(options)]
  await link(a, b)
  await meet(a, b, ENTRY)
  await a.join('asked')
  await a.open('asked')
  await b.sees('joined asked')
  await meet(a, b, 'asked')
})

for (const chain of [[JS, C, JS], [C, JS, C], [JS, C, C, JS], [C, C, JS, C], [JS, C, JS, C, JS]]) {
  scene(`a message goes along ${chain.map((side) => side === C ? 'C' : 'JS').join('-')}, and back, once`, async () => {
    const options = { bits: 6, welcomeRequired: false, channels: ['trip'] }
    const all = []
    for (const Side of chain) all.push(await Side.start(options))
    for (let i = 1; i < all.length; i++) await link(all[i - 1], all[i])
    for (let i = 1; i < all.length; i++) await meet(all[i - 1], all[i], 'trip')
    await settle()
    for (const [from, to] of [[0, all.length - 1], [all.length - 1, 0]]) {
      const message = `from ${from}`
      await all[from].send('trip', message)
      const { payload, signed } = await all[to].hears('trip', message)
      assert.equal(signed, true)
      assert.equal(payload.ttl, 3 - (all.length - 2))
      assert.equal(payload.relayedBy, all[Math.abs(to - 1)].key)
      for (const side of all.filter((side) => side !== all[from])) await side.hears('trip', message)
      await settle(100)
      for (const side of all) assert.equal(side.count('trip', message), side === all[from] ? 0 : 1)
    }
  })
}

for (const [js, ours] of [[1, 1], [2, 2], [4, 4], [1, 7], [7, 1]]) {
  scene(`a room of ${js} JS and ${ours} C peers, each connected with each: everyone hears everyone once`, async () => {
    const options = { ...open, channels: ['trip'] }
    const all = []
    for (let i = 0; i < js; i++) all.push(await JS.start(options))
    for (let i = 0; i < ours; i++) all.push(await C.start(options))
    for (const [i, a] of all.entries()) {
      for (const b of all.slice(i + 1)) await link(a, b)
    }
    for (const [i, a] of all.entries()) {
      for (const b of all.slice(i + 1)) await meet(a, b, 'trip')
    }
    await settle()
    for (let round = 0; round < 3; round++) {
      for (const a of all) await a.send('trip', { round, by: a.key })
    }
    for (const a of all) {
      for (const b of all.filter((side) => side !== a)) {
        for (let round = 0; round < 3; round++) await b.hears('trip', { round, by: a.key })
      }
    }
    await settle(200)
    for (const a of all) {
      for (const b of all) {
        for (let round = 0; round < 3; round++) assert.equal(b.count('trip', { round, by: a.key }), a === b ? 0 : 1)
      }
    }
    for (const side of all.filter((side) => side instanceof CSide)) {
      const drops = await side.drops()
      assert.deepEqual({ ...drops, 'seen already': 0 }, { strikes: 0, 'seen already': 0 })
    }
  })
}

await finish()
