// A side channel as the reference has it (docs/spec/12-sidechannel.md), made of npm packages: a peer in this process
// that joins, sends, relays and judges exactly so, weaknesses included. Connections are streams of udx-native.
import crypto from 'node:crypto'

export const ENTRY = '0000intercom'

const b36 = () => Math.random().toString(36).slice(2, 10)
const trimLower = (v) => String(v ?? '').trim().toLowerCase()
const first = (...values) => values.find((v) => v) ?? null

/** JSON with sorted members: sort() of JavaScript goes by UTF-16 code units. */
export function canonical (v) {
  if (v === null || v === undefined) return 'null'
  if (Array.isArray(v)) return `[${v.map(canonical).join(',')}]`
  if (typeof v === 'object') return `{${Object.keys(v).sort().map((k) => `${JSON.stringify(k)}:${canonical(v[k])}`).join(',')}}`
  return JSON.stringify(v) ?? 'null'
}

export function zeroBits (hash) {
  let bits = 0
  for (const byte of hash) {
    if (byte) return bits + Math.clz32(byte) - 24
    bits += 8
  }
  return bits
}

const workText = ({ channel, from, id, message, origin, ts }, nonce) => canonical({ channel, from, id, message, nonce, origin, ts })
const workBits = (payload, nonce) => zeroBits(crypto.createHash('sha256').update(workText(payload, nonce)).digest())
const signedText = ({ channel, from, id, message, origin, ts }) => canonical({
  channel, from: trimLower(from), id, kind: 'sidechannel_message_v1', message, origin: trimLower(origin), ts
})

const inviteText = (p) => canonical({
  channel: String(p.channel ?? ''),
  inviteePubKey: trimLower(p.inviteePubKey),
  inviterPubKey: trimLower(p.inviterPubKey),
  inviterAddress: p.inviterAddress ?? null,
  issuedAt: Number(p.issuedAt),
  expiresAt: Number(p.expiresAt),
  nonce: String(p.nonce ?? ''),
  version: Number.isFinite(p.version) ? p.version : 1
})

const welcomeText = (p) => canonical({
  channel: String(p.channel ?? ''),
  ownerPubKey: trimLower(p.ownerPubKey),
  text: String(p.text ?? ''),
  issuedAt: Number(p.issuedAt),
  version: Number.isFinite(p.version) ? p.version : 1
})

export class Reference {
  constructor ({ sodium, SecretStream, Protomux, c }, keyPair, options = {}) {
    Object.assign(this, { sodium, SecretStream, Protomux, c, keyPair })
    this.key = keyPair.publicKey.toString('hex')
    this.options = {
      channels: [], pow: true, bits: 12, relay: true, ttl: 3, owners: {}, ownerWrite: [], invites: null, inviters: [],
      welcomeRequired: true, autoJoin: false, allowRemoteOpen: true, rate: 64000, burst: 256000, ...options
    }
    this.channels = new Set([ENTRY, ...this.options.channels])
    this.links = new Set()
    this.seen = new Map()
    this.welcomes = new Map() // channel: object
    this.invited = new Map() // channel: our invite
    this.guests = new Map() // channel + key: until
    this.shown = [] // { channel, payload }
    this.events = []
    this.waiting = []
  }

  // ---- keys ----

  sign (text) {
    const sig = Buffer.alloc(64)
    this.sodium.crypto_sign_detached(sig, Buffer.from(text), this.keyPair.secretKey)
    return sig.toString('hex')
  }

  verify (sig, text, key) {
    try {
      return this.sodium.crypto_sign_verify_detached(Buffer.from(sig, 'hex'), Buffer.from(text), Buffer.from(key, 'hex'))
    } catch {
      return false
    }
  }

  invite (channel, invitee, ttlMs = 3600000) {
    const issuedAt = Date.now()
    const payload = {
      channel, inviteePubKey: invitee, inviterPubKey: this.key, inviterAddress: null, issuedAt, expiresAt: issuedAt + ttlMs, nonce: b36(), version: 1
    }
    return { payload, sig: this.sign(inviteText(payload)) }
  }

  welcome (channel, text) {
    const payload = { channel, ownerPubKey: this.key, text, issuedAt: Date.now(), version: 1 }
    const welcome = { payload, sig: this.sign(welcomeText(payload)) }
    if (this.options.owners[channel] === this.key) this.welcomes.set(channel, welcome)
    return welcome
  }

  inviteIsGood (invite, channel, invitee) {
    const p = invite?.payload ?? invite
    if (!p || !invite.sig) return false
    return p.channel === channel && trimLower(p.inviteePubKey) === invitee &&
      (!this.inviters.length || this.inviters.includes(trimLower(p.inviterPubKey))) &&
      Number(p.expiresAt) > Date.now() && this.verify(invite.sig, inviteText(p), trimLower(p.inviterPubKey))
  }

  acceptWelcome (welcome, channel) {
    const p = welcome?.payload ?? welcome
    const owner = this.options.owners[channel]
    const good = Boolean(p && owner) && String(p.channel).trim() === channel && trimLower(p.ownerPubKey) === owner &&
      this.verify(welcome.sig, welcomeText({ ...p, channel }), owner)
    if (good) this.welcomes.set(channel, welcome)
    return good
  }

  acceptInvite (invite, channel) {
    const good = Boolean(invite) && this.inviteIsGood(invite, channel, this.key)
    if (good) this.invited.set(channel, invite)
    if (invite?.welcome) this.acceptWelcome(invite.welcome, channel)
    return good
  }

  // ---- what is needed where ----

  get inviters () {
    return this.options.inviters.length || !this.options.invites ? this.options.inviters : [this.key]
  }

  needsInvite (channel) {
    return channel !== ENTRY && Boolean(this.options.invites?.includes(channel))
  }

  isIn (channel) {
    return !this.needsInvite(channel) || this.inviters.includes(this.key) || this.invited.has(channel)
  }

  mayHear (channel, key) {
    return !this.needsInvite(channel) || this.inviters.includes(key) || (this.guests.get(`${channel} ${key}`) ?? 0) > Date.now()
  }

  isWelcomed (channel) {
    return channel === ENTRY || !this.options.welcomeRequired || this.welcomes.has(channel) || this.options.owners[channel] === this.key
  }

  // ---- connections ----

  /** `raw` is a connected stream of udx-native. */
  connect (initiator, raw) {
    const link = this.link(new this.SecretStream(initiator, raw, { keyPair: this.keyPair }))
    link.opened = new Promise((resolve) => link.stream.once('connect', resolve))
    link.opened.then(() => this.begin(link))
    return link
  }

  /** A secret stream that is open, as a swarm hands it over. */
  attach (stream) {
    this.begin(this.link(stream))
  }

  link (stream) {
    const link = { stream, mux: new this.Protomux(stream), ports: new Map(), refused: new Map(), deaf: new Set(), tokens: this.options.burst, at: Date.now() }
    stream.on('error', () => {})
    stream.on('close', () => { this.links.delete(link) })
    return link
  }

  begin (link) {
    link.key = link.stream.remotePublicKey.toString('hex')
    this.links.add(link)
    for (const channel of this.channels) this.openPort(link, channel)
  }

  openPort (link, channel) {
    const protocol = `sidechannel/${channel}`
    link.mux.pair({ protocol }, () => {
      if (this.channels.has(channel) && !link.deaf.has(channel)) this.openPort(link, channel)
    })
    if (link.ports.get(channel)) return
    let open = false
    const port = { ready: false, pending: [] }
    const ch = link.mux.createChannel({
      protocol,
      onopen: () => {
        open = true
        port.ready = true
        this.greet(link, channel)
        for (const payload of port.pending.splice(0)) port.message.send(payload)
      },
      onclose: () => {
        if (link.ports.get(channel) !== port) return // left
        link.ports.delete(channel)
        if (open) link.deaf.add(channel) // section 1, "Seen in the reference"
        else this.tryAgain(link, channel)
      }
    })
    if (!ch) return
    port.message = ch.addMessage({ encoding: this.c.json, onmessage: (payload) => this.receive(link, channel, payload) })
    port.channel = ch
    link.ports.set(channel, port)
    ch.open()
  }

  tryAgain (link, channel) {
    const burst = link.refused.get(channel) ?? { count: 0, at: 0 }
    if (Date.now() - burst.at > 2000) burst.count = 0
    burst.at = Date.now()
    link.refused.set(channel, burst)
    if (++burst.count > 5) return
    setTimeout(() => {
      if (this.links.has(link) && this.channels.has(channel)) this.openPort(link, channel)
    }, burst.count * 100)
  }

  greet (link, channel) {
    const welcome = this.options.owners[channel] === this.key && this.welcomes.get(channel)
    if (welcome && this.mayHear(channel, link.key)) this.sendTo(link, channel, this.payload(channel, { control: 'welcome', welcome }))
    const invite = this.needsInvite(channel) && !this.inviters.includes(this.key) && this.invited.get(channel)
    if (invite) this.sendTo(link, channel, this.payload(channel, { control: 'auth', invite }))
  }

  sendTo (link, channel, payload) {
    const port = link.ports.get(channel)
    if (port?.ready) port.message.send(payload)
    else port?.pending.push(payload)
  }

  // ---- ours ----

  join (channel, invite, welcome) {
    this.acceptInvite(invite, channel)
    if (welcome) this.acceptWelcome(welcome, channel)
    if (!this.isIn(channel)) return false
    this.channels.add(channel)
    for (const link of this.links) {
      if (!link.deaf.has(channel)) this.openPort(link, channel)
    }
    return true
  }

  leave (channel) {
    this.channels.delete(channel)
    this.invited.delete(channel)
    this.welcomes.delete(channel)
    for (const link of this.links) {
      const port = link.ports.get(channel)
      link.ports.delete(channel)
      link.deaf.delete(channel)
      port?.channel.close()
    }
  }

  needsWork (channel) {
    return this.options.pow && this.options.bits > 0
  }

  payload (channel, message) {
    const ts = Date.now()
    const payload = {
      type: 'sidechannel', id: `${this.key}:${ts}:${b36()}`, channel, from: this.key, origin: this.key, message, ts, ttl: this.options.ttl
    }
    if (this.needsWork(channel)) {
      let nonce = 0
      while (workBits(payload, nonce) < this.options.bits) nonce++
      payload.pow = { nonce, difficulty: this.options.bits }
    }
    payload.sig = this.sign(signedText({ ...payload, message: JSON.parse(JSON.stringify(message ?? null)) }))
    this.seen.set(payload.id, Date.now())
    return payload
  }

  send (channel, message) {
    if (this.options.ownerWrite.includes(channel) && this.options.owners[channel] !== this.key) return false
    if (!this.isIn(channel)) return false
    const payload = this.payload(channel, message)
    for (const link of this.links) {
      if (this.mayHear(channel, link.key)) this.sendTo(link, channel, payload)
    }
    return true
  }

  requestOpen (channel, { via = ENTRY, invite = null, welcome = null } = {}) {
    this.acceptInvite(invite, channel)
    if (welcome) this.acceptWelcome(welcome, channel)
    // the slots are there in memory also when they are empty: its defect
    return this.send(via, { control: 'open_channel', channel, invite: invite ?? undefined, welcome: welcome ?? undefined })
  }

  // ---- theirs ----

  pays (link, bytes) {
    if (this.options.rate <= 0) return true
    const now = Date.now()
    link.tokens = Math.min(this.options.burst, link.tokens + (now - link.at) / 1000 * this.options.rate)
    link.at = now
    if (bytes > link.tokens) return false
    link.tokens -= bytes
    return true
  }

  invitesItself (link, channel, payload) {
    if (!this.isIn(channel)) return false
    if (this.mayHear(channel, link.key)) return true
    const invite = [payload?.invite, payload?.message?.invite].find((i) => i && this.inviteIsGood(i, channel, link.key))
    if (invite) this.guests.set(`${channel} ${link.key}`, invite.payload.expiresAt)
    return Boolean(invite)
  }

  byOwner (channel, payload) {
    const owner = this.options.owners[channel]
    return trimLower(payload?.from) === owner && this.verify(payload.sig ?? payload.signature, signedText(payload), owner)
  }

  receive (link, channel, payload) {
    const message = payload?.message
    const control = message?.control
    const bytes = Buffer.byteLength(JSON.stringify(payload))
    if (this.needsInvite(channel) && !this.invitesItself(link, channel, payload)) return
    if (this.needsWork(channel) &&
      !(typeof payload?.pow?.nonce === 'number' && workBits(payload, payload.pow.nonce) >= this.options.bits)) return
    if (!this.pays(link, bytes)) return
    if (this.options.ownerWrite.includes(channel) && control !== 'auth' && control !== 'welcome' && !this.byOwner(channel, payload)) return
    if (this.seen.has(payload.id)) return
    this.seen.set(payload.id, Date.now())
    const welcome = first(message?.welcome, payload?.welcome, payload?.invite?.welcome, message?.invite?.welcome)
    const welcomed = welcome && this.acceptWelcome(welcome, channel)
    if (control === 'welcome' && !welcomed) return
    if (!this.isWelcomed(channel) && !welcomed) return
    if (control === 'open_channel' && this.options.allowRemoteOpen && typeof message.channel === 'string') {
      if (!this.requested(link, message)) return
    } else if (control === 'auth') {
      return
    } else {
      this.tell({ channel, payload })
    }
    this.relay(link, channel, payload, control)
  }

  requested (link, message) {
    const channel = message.channel.trim()
    const welcome = first(message.welcome, message.invite?.welcome)
    if (!channel) return true
    if (welcome ? !this.acceptWelcome(welcome, channel) : !this.isWelcomed(channel) && this.options.welcomeRequired) return false
    if (this.needsInvite(channel) && !this.inviteIsGood(message.invite, channel, link.key)) return false
    if (this.options.autoJoin && this.join(channel, message.invite, message.welcome)) this.events.push(`joined ${channel}`)
    else this.events.push(`requested ${channel}`)
    this.wake()
    return true
  }

  relay (from, channel, payload, control) {
    if (!this.options.relay || control === 'auth' || control === 'welcome') return
    if (!Number.isFinite(payload.ttl) || payload.ttl <= 0) return
    const copy = { ...payload, ttl: payload.ttl - 1, relayedBy: this.key }
    for (const link of this.links) {
      if (link !== from && link.ports.get(channel) && this.mayHear(channel, link.key)) this.sendTo(link, channel, copy)
    }
  }

  // ---- for tests ----

  tell ({ channel, payload }) {
    this.shown.push({ channel, payload, signed: this.verify(payload.sig, signedText(payload), trimLower(payload.from)) })
    this.wake()
  }

  wake () {
    this.waiting = this.waiting.filter((ask) => !ask())
  }

  /** The first of what `find` gives for it that is not undefined, now or later. */
  when (find) {
    return new Promise((resolve) => {
      const ask = () => {
        const found = find()
        if (found === undefined) return false
        resolve(found)
        return true
      }
      if (!ask()) this.waiting.push(ask)
    })
  }

  count (channel, message) {
    return this.shown.filter((e) => e.channel === channel && canonical(e.payload.message) === canonical(message)).length
  }

  hears (channel, message) {
    return this.when(() => this.shown.find((e) => e.channel === channel && canonical(e.payload.message) === canonical(message)))
  }

  sees (event) {
    return this.when(() => this.events.find((e) => e === event))
  }

  close () {
    for (const link of this.links) link.stream.destroy()
  }
}
