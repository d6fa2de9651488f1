/**
 * What the page does with a room, over the bridge's commands
 * (docs/spec/13-sc-bridge.md, sections 3, 4 and 7). Cards call it; it writes the store.
 */

import { formatMinor, formatSigned } from './money.js'
import { count } from './text.js'

const APP = 'expense_split_v1'
const KEY = /^[0-9a-f]{64}$/
const CHAT_CHARS = 4_000
const FEED_LINES = 300
const PERSIST_MS = 90_000
const JOIN_MS = 30_000
const NEIGHBOURS_EVERY_MS = 10_000

export class Room {
  #store
  #connection
  #again = { join: false, subscribe: false } /* what a new connection has to repeat */
  #loading = null
  #stale = false

  constructor (store) {
    this.#store = store
    setInterval(() => this.#countNeighbours(), NEIGHBOURS_EVERY_MS)
  }

  /** The connection is made with our two handlers, so it comes second. */
  use (connection) {
    this.#connection = connection
  }

  /* --- getting in --- */

  async connect (url, token, channel) {
    this.#select(channel)
    this.#store.set({ wasReady: false })
    await this.#connection.open(url, token)
  }

  disconnect () {
    this.#again = { join: false, subscribe: false }
    this.#connection.close()
    this.#store.set({ wasReady: false, joined: false, subscribed: false })
    this.#tell('peer', 'disconnected')
  }

  retryNow () {
    this.#connection.retryNow()
  }

  async join (channel) {
    if (this.#select(channel)) this.#quietRefresh()
    const answer = await this.#connection.request({ type: 'join', channel: this.#channel }, JOIN_MS)
    this.#again.join = true
    this.#store.set({ joined: true })
    this.#tell('peer', `joined ${answer.channel}`)
  }

  async subscribe (channel) {
    if (this.#select(channel)) this.#quietRefresh()
    await this.#connection.request({ type: 'subscribe', channel: this.#channel })
    this.#again.subscribe = true
    this.#store.set({ subscribed: true })
    this.#tell('peer', `subscribed to ${this.#channel}`)
  }

  /* --- the connection's handlers --- */

  linkChanged (link) {
    const before = this.#store.state.link.name
    this.#store.set({ link })
    if (link.name === 'ready') this.#enter()
    else if (before === 'ready') {
      this.#store.set({ joined: false, subscribed: false, peers: null })
      if (link.name === 'waiting') this.#tell('error', 'the connection to the peer broke off')
    }
  }

  pushed (message) {
    if (message.type === 'hello') this.#greeted(message)
    else if (message.type === 'expense_event') this.#ledgerChanged(message)
    else if (message.type === 'sidechannel_message') this.#heard(message)
  }

  #greeted ({ peer, address, entryChannel }) {
    this.#store.set({ peer: { key: peer, address, entryChannel } })
  }

  async #enter () {
    const { channel, peer } = this.#store.state
    this.#select(channel || peer?.entryChannel || '')
    this.#store.set({ wasReady: true })
    this.#tell('peer', 'connected')
    const again = { ...this.#again }
    const repeat = [this.refresh(), this.#countNeighbours()]
    if (again.join) repeat.push(this.join(this.#channel))
    if (again.subscribe) repeat.push(this.subscribe(this.#channel))
    for (const done of await Promise.allSettled(repeat))
      if (done.status === 'rejected') this.#tell('error', done.reason.message)
  }

  #ledgerChanged ({ channel, change, event, author }) {
    if (channel !== this.#channel) return
    this.#tell('ledger', change === 'added' && event ? addedLine(event) : `room ${change}`, author)
    if (change === 'added' && event) this.#insert(event)
    else this.#quietRefresh()
  }

  #heard ({ channel, from, message }) {
    if (message && typeof message === 'object' && message.app === APP) return
    const text = (typeof message === 'string' ? message : JSON.stringify(message ?? null)).slice(0, CHAT_CHARS)
    const who = KEY.test(from) ? from : `"${from}"` /* free text: nobody may pass for "you" */
    this.#tell('chat', channel === this.#channel ? text : `#${channel} ${text}`, who)
  }

  /* --- reading --- */

  /** Ask for entries and balances; calls while one runs become one more run. */
  refresh () {
    this.#stale = true
    this.#loading ??= this.#load().finally(() => {
      this.#loading = null
    })
    return this.#loading
  }

  async #load () {
    while (this.#stale) {
      this.#stale = false
      const channel = this.#channel
      const [list, balance] = await Promise.all([
        this.#list(channel),
        this.#connection.request({ type: 'expense_balance', channel }),
      ])
      if (channel !== this.#channel) this.#stale = true
      else this.#took(balance, list)
    }
  }

  /** All entries; a large room answers in parts. */
  async #list (channel) {
    const all = []
    for (let offset = 0; offset !== undefined;) {
      const part = await this.#connection.request({ type: 'expense_list', channel, offset })
      all.push(...part.events)
      offset = part.next
    }
    return all
  }

  /** One entry more: only the balances have to be asked for. */
  async #insert (event) {
    const { entries, loaded, channel } = this.#store.state
    if (!loaded || entries.some((entry) => entry.txId === event.txId)) return this.#quietRefresh()
    this.#store.set({ entries: [...entries, event].sort(listOrder) })
    try {
      const balance = await this.#connection.request({ type: 'expense_balance', channel })
      if (channel !== this.#channel) return
      if (balance.summary.eventCount !== this.#store.state.entries.length) this.#quietRefresh()
      else this.#took(balance, this.#store.state.entries)
    } catch (error) {
      this.#tell('error', error.message)
    }
  }

  #quietRefresh () {
    this.refresh().catch((error) => this.#tell('error', error.message))
  }

  #took ({ summary, fp }, entries) {
    this.#store.set({ entries, summary, fingerprint: fp ?? null, loaded: true })
  }

  async #countNeighbours () {
    if (this.#store.state.link.name !== 'ready' || document.hidden) return
    try {
      const stats = await this.#connection.request({ type: 'stats' })
      this.#store.set({ peers: stats.connectionCount })
    } catch {
      this.#store.set({ peers: null }) /* the pill disappears; nothing else depends on it */
    }
  }

  /* --- writing --- */

  /** @param entry { payer, amount, split, note, only } as the form holds them */
  add (entry) {
    return this.#run('expense_add', entry)
  }

  balance () {
    return this.#run('expense_balance')
  }

  persist () {
    this.#tell('peer', 'persisting…')
    return this.#run('expense_persist', {}, PERSIST_MS)
  }

  restore (replace) {
    return this.#run('expense_restore', { confirmed: 0, replace })
  }

  exportAs (format) {
    return this.#run('expense_export', { format })
  }

  clear () {
    return this.#run('expense_clear')
  }

  async chat (message) {
    await this.#command('send', { message })
    this.#tell('chat', message, 'you')
  }

  /** What a line for the assistant means, without doing it. */
  preview (text) {
    return this.#command('expense_say', { text, dryRun: true })
  }

  /** Do what the line says. Resolves with { said, outcome }. */
  async say (text) {
    const said = await this.#command('expense_say', { text, dryRun: false }, PERSIST_MS)
    if (said.kind === 'send') this.#tell('chat', text.trim().replace(/^\S+\s+/, ''), 'you')
    return { said, outcome: this.#handle(said.result ?? {}) }
  }

  #command (type, members = {}, timeoutMs) {
    return this.#connection.request({ type, channel: this.#channel, ...members }, timeoutMs)
  }

  async #run (type, members, timeoutMs) {
    return this.#handle(await this.#command(type, members, timeoutMs))
  }

  /** The same answer means the same, whether a button or the assistant asked for it. */
  #handle (answer) {
    switch (answer.type) {
      case 'expense_added':
        this.#tell('ledger', addedLine(answer.event), 'you')
        this.#insert(answer.event)
        return { text: `Added: ${addedText(answer.event)}.` }
      case 'expense_balance':
        this.#tell('ledger', balanceLines(answer.summary))
        this.#quietRefresh()
        return { text: balanceText(answer.summary) }
      case 'expense_persisted':
        return this.#persisted(answer)
      case 'expense_restored':
        this.#tell('ledger', `restored added=${answer.added} total=${answer.total} source=${answer.source}`)
        this.#quietRefresh()
        return { text: restoredText(answer) }
      case 'expense_exported':
        return { text: `Export as ${answer.format} is ready.`, exported: answer }
      case 'expense_cleared':
        this.#tell('ledger', `cleared removed=${answer.removed}`, 'you')
        this.#quietRefresh()
        return { text: `Cleared ${count(answer.removed, 'entry', 'entries')}. Nothing is deleted.` }
      default:
        return { text: '' }
    }
  }

  #persisted ({ tx, stored, key, count: n, sim }) {
    const where = tx ? `tx=${tx}` : `stored=${stored} tx=none`
    this.#tell('ledger', `${sim ? 'simulated ' : ''}persist ${where} key=${key} entries=${n}`)
    const what = count(n, 'entry', 'entries')
    if (sim) return { text: `Only simulated: ${what} would be saved.` }
    if (tx) return { text: `Saved in the contract: ${what}, tx ${tx}.` }
    return { text: `Saved on this machine: ${what}. Not in the contract, so there is no tx hash.` }
  }

  /* --- state --- */

  get #channel () {
    return this.#store.state.channel
  }

  /** Make `channel` the room of the page; true when it's another one than before. */
  #select (channel) {
    const name = channel.trim()
    if (name === this.#channel) return false
    this.#again = { join: false, subscribe: false }
    this.#store.set({
      channel: name,
      joined: false,
      subscribed: false,
      loaded: false,
      entries: [],
      summary: null,
      fingerprint: null,
    })
    return true
  }

  #tell (kind, text, who = null) {
    const line = { at: Date.now(), kind, text, who }
    this.#store.set({ feed: [...this.#store.state.feed, line].slice(-FEED_LINES) })
  }
}

/** As the ledger lists entries: by time, then by id. */
function listOrder (a, b) {
  return a.ts - b.ts || (a.txId < b.txId ? -1 : 1)
}

function addedText ({ payer, amountCents, split }) {
  return `${formatMinor(amountCents)} by ${payer}, split ${split.join(', ')}`
}

function addedLine ({ payer, amountCents, split }) {
  return `added ${formatMinor(amountCents)} by ${payer} split=${split.join(',')}`
}

function balanceLines ({ eventCount, totalCents, balances, settlements }) {
  return [
    `entries=${eventCount} total=${formatMinor(totalCents)}`,
    '- balances:',
    ...balances.map(({ member, cents }) => `  ${member}: ${formatSigned(cents)}`),
    '- settlements:',
    ...settlementLines(settlements).map((line) => `  ${line}`),
  ].join('\n')
}

function balanceText ({ balances, settlements }) {
  if (balances.length === 0) return 'No entries yet, so nobody owes anything.'
  if (settlements.length === 0) return 'All settled.'
  return settlementLines(settlements).join(', ')
}

/** "bob -> alice: 15.00", a line per payment; "none" when there is nothing to pay. */
export function settlementLines (settlements) {
  if (settlements.length === 0) return ['none']
  return settlements.map(({ from, to, amountCents }) => `${from} -> ${to}: ${formatMinor(amountCents)}`)
}

function restoredText ({ added, total, source }) {
  if (source === 'none') return 'Nothing was saved for this room.'
  const where = source === 'contract' ? 'the contract' : 'this machine'
  return `Restored from ${where}: ${count(added, 'entry', 'entries')} came back, ${total} in all.`
}
