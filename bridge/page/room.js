/** What the page does with a room (docs/spec/13-sc-bridge.md, 3, 4, 7). */

import { brief, inWords } from './answers.js'
import { close, listen, open, request } from './connection.js'
import { NOTHING, change, state } from './store.js'
import { counts } from './text.js'

const APP = 'expense_split_v1'
const CHAT_CHARS = 4_000
const FEED_LINES = 300
const SLOW_MS = 90_000 /* for a transaction */
const JOIN_MS = 30_000
const GATHER_MS = 50 /* what a neighbour hands over comes in bursts */
const FIRST_ENTRIES = 200
const MORE_ENTRIES = 2_000

const again = new Set() /* what a new connection has to repeat */
let loading = null
let stale = false
let arrived = []
let gathering = 0

listen(linkChanged, pushed)

export async function connect (url, token, channel) {
  select(channel)
  change({ wasReady: false })
  await open(url, token)
}

export function disconnect () {
  again.clear()
  close()
  change({ wasReady: false })
}

export async function step (type, channel) {
  if (select(channel)) quietly(refresh())
  await command(type, {}, JOIN_MS)
  again.add(type)
  change(type === 'join' ? { joined: true } : { subscribed: true })
}

/** True when it's another room than before. */
function select (channel) {
  if (channel === state.channel) return false
  again.clear()
  arrived = []
  change({ channel, ...NOTHING })
  return true
}

function linkChanged (link) {
  const { channel, peer, link: before } = state
  change({ link })
  if (link.name !== 'ready') {
    change({ joined: false, subscribed: false, search: null })
    if (before.name === 'ready' && link.name === 'waiting') tell('error', 'the connection to the peer broke off')
    return
  }
  select(channel || peer?.entryChannel || '')
  change({ wasReady: true })
  tell('peer', 'connected')
  quietly(refresh())
  quietly(preview('help').then((lines) => change({ words: lines.match(/^\w+/gm) })))
  for (const type of again) quietly(step(type, state.channel))
}

function pushed ({ type, channel, ...rest }) {
  const here = channel === state.channel
  if (type === 'hello') change({ peer: { key: rest.peer, ...rest } })
  else if (type === 'sidechannel_message') heard(channel, rest)
  else if (type === 'expense_event' && here) ledgerChanged(rest)
  else if (type === 'expense_peers' && here) change({ peers: rest })
  else if (type === 'expense_progress' && here) change({ search: rest })
}

function ledgerChanged ({ change: what, event, author }) {
  tell('ledger', event ? `${what} ${brief(event)}` : `room ${what}`, author)
  take(event)
}

function heard (channel, { from, message }) {
  if (message?.app === APP) return
  const text = (typeof message === 'string' ? message : JSON.stringify(message)).slice(0, CHAT_CHARS)
  const who = /^[0-9a-f]{64}$/.test(from) ? from : `"${from}"` /* free text: nobody may pass for "you" */
  tell('chat', channel === state.channel ? text : `#${channel} ${text}`, who)
}

/** Calls while one runs become one more run. */
function refresh () {
  stale = true
  loading ??= load().finally(() => {
    loading = null
  })
  return loading
}

async function load () {
  while (stale) {
    stale = false
    const { channel } = state
    const { count, fp } = await command('expense_list', { all: true, limit: 1 })
    if (channel !== state.channel) stale = true
    else await Promise.all([stand(), list(count, fp)])
  }
}

/** The newest entries first, then the older ones in parts, as long as nothing changes. */
async function list (count, fp) {
  let entries = []
  let limit = FIRST_ENTRIES
  if (count === 0) change({ entries, count })
  while (entries.length < count) {
    const end = count - entries.length
    const offset = Math.max(0, end - limit)
    const part = await command('expense_list', { all: true, offset, limit: end - offset })
    stale ||= part.fp !== fp
    if (stale) return
    const cut = part.events.length < end - offset /* they were too long for one answer */
    limit = cut ? part.events.length >> 1 || 1 : MORE_ENTRIES
    if (cut) continue
    entries = [...part.events, ...entries]
    change({ entries, count })
  }
}

/** An entry came or changed; without one, all has to be read again. */
function take (event) {
  if (!event) return quietly(refresh())
  arrived.push(event)
  gathering ||= setTimeout(() => quietly(merge()), GATHER_MS)
}

async function merge () {
  gathering = 0
  const { entries, count, channel } = state
  const fresh = new Map(arrived.splice(0).map((event) => [event.txId, event]))
  if (loading || count !== entries.length) return refresh()
  const all = [...entries.filter(({ txId }) => !fresh.has(txId)), ...fresh.values()].sort(listOrder)
  change({ entries: all, count: all.length })
  await stand()
  if (channel !== state.channel || loading || gathering) return
  if (state.summary.eventCount !== all.filter(counts).length) await refresh()
}

const listOrder = (a, b) => a.ts - b.ts || (a.txId < b.txId ? -1 : 1)

async function stand () {
  const { channel, plan } = state
  const asked = ['balance', 'every', 'room'].map((what) => command(`expense_${what}`, { plan }, SLOW_MS))
  const [{ summary, fp, peers, same }, { recurring }, { settings }] = await Promise.all(asked)
  if (channel === state.channel) change({ peers: { peers, same, fp }, ...news({ summary, recurring, settings }) })
}

/** Only what is another value: what one types in a card stays. */
function news (values) {
  const isNew = ([key, value]) => JSON.stringify(value) !== JSON.stringify(state[key])
  return Object.fromEntries(Object.entries(values).filter(isNew))
}

export function plan (mode) {
  change({ plan: mode })
  quietly(stand())
}

export async function chat (message) {
  await command('send', { message })
  tell('chat', message, 'you')
}

export async function preview (text) {
  return (await command('expense_say', { text, dryRun: true })).preview
}

/** Do what the line says. Resolves with { text, result, undo?, exported? }. */
export async function say (text) {
  const { kind, preview: words, result } = await command('expense_say', { text }, SLOW_MS)
  if (kind === 'send') tell('chat', text.trim().replace(/^\S+\s+/, ''), 'you')
  return { text: words, result, ...handle(result, words) }
}

async function command (type, members = {}, timeoutMs) {
  const answer = await request({ type, channel: state.channel, ...members }, timeoutMs)
  if (answer.id === state.search?.request) change({ search: null })
  return answer
}

export const cancelSearch = () => command('expense_cancel')

function handle (answer, words) {
  const { line, undo = begun(answer), ...outcome } = inWords(answer, words)
  if (line) {
    tell('ledger', line, answer.event ? 'you' : null)
    take(answer.event)
  }
  return { ...outcome, undo: undo && (() => say(undo)) }
}

/** The line that stops what comes again from now on. */
function begun (answer) {
  const made = answer?.recurring?.find(({ ref }) => !state.recurring.some((known) => known.ref === ref))
  return made && `void ${made.ref}`
}

function tell (kind, text, who = null) {
  const line = { at: Date.now(), kind, text, who }
  change({ feed: [...state.feed, line].slice(-FEED_LINES) })
}

/** What goes wrong stands in the feed. */
function quietly (work) {
  work.catch((error) => tell('error', error.message))
}
