/** The Connection card: three steps in, and a sentence for everything that stops them. */

import { byId, fieldError, fill, el, onPress, onSubmit, setText } from './dom.js'
import { browser, configuredBridge, tab, takeFragment } from './memory.js'
import { shortKey, visible } from './text.js'

const STEPS = ['connect', 'join', 'subscribe']

export function mountConnect ({ store, room }) {
  onSubmit(byId('connect-form'), byId('connect'), () => connect(room))
  onPress(byId('join'), () => step(store, () => room.join(channel()), 'join'))
  onPress(byId('subscribe'), () => step(store, () => room.subscribe(channel()), 'subscribe'))
  onPress(byId('disconnect'), () => leave(room))
  store.watch(['channel'], (state) => {
    if (state.channel) byId('channel').value = state.channel
  })
  store.watch(['link', 'joined', 'subscribed', 'channel', 'peer'], (state) => render(state, room))
  store.watch(['joined', 'subscribed'], foldWhenDone)
  store.watch(['link'], remember)
}

/** Fill the form from what the server, the fragment and the tab know; go in if that's enough. */
export async function prefill ({ store, room }) {
  const given = takeFragment()
  const back = tab.get('in') === '1' && !given.token
  byId('token').value = given.token || tab.get('token')
  byId('channel').value = given.channel || browser.get('channel')
  const bridge = (!given.token && tab.get('url')) || (await configuredBridge())
  if (bridge && byId('url').value === byId('url').defaultValue) byId('url').value = bridge
  if (!given.token && !back) return
  if (!(await connect(room))) return
  if (await step(store, () => room.join(channel()), 'join'))
    await step(store, () => room.subscribe(channel()), 'subscribe')
}

function channel () {
  return byId('channel').value
}

async function connect (room) {
  clearErrors()
  tab.set('token', byId('token').value)
  tab.set('url', byId('url').value.trim())
  browser.set('channel', channel().trim())
  try {
    await room.connect(byId('url').value.trim(), byId('token').value, channel())
    return true
  } catch {
    focusFault()
    return false /* what went wrong stands in the state, and render shows it */
  }
}

/** Join and Subscribe need a connection; without one they say so at the form. True when done. */
async function step (store, work, name) {
  clearErrors()
  if (store.state.link.name !== 'ready') {
    setText(byId('connect-hint'), 'Connect first.')
    byId('connect').focus()
    return false
  }
  try {
    await work()
    browser.set('channel', channel().trim())
    return true
  } catch (error) {
    fieldError('channel', visible(error.message))
    byId(name).focus()
    return false
  }
}

function leave (room) {
  tab.set('in', '')
  tab.set('token', '')
  byId('token').value = ''
  room.disconnect()
  byId('connect').focus()
}

function clearErrors () {
  for (const id of ['url', 'token', 'channel']) fieldError(id, '')
}

function focusFault () {
  const wrong = ['url', 'token'].find((id) => byId(id).hasAttribute('aria-invalid'))
  if (wrong) byId(wrong).focus()
}

function remember ({ link }) {
  if (link.name === 'ready') tab.set('in', '1')
}

function foldWhenDone ({ joined, subscribed }) {
  const card = byId('connection')
  if (!joined || !subscribed) return
  const hadFocus = card.contains(document.activeElement)
  card.open = false
  if (hadFocus) card.querySelector('summary').focus()
}

function render (state, room) {
  const { link } = state
  if (link.error) showFault(link.error)
  if (link.name === 'ready') clearErrors()
  if (link.name === 'waiting') byId('connection').open = true
  setText(byId('connection-line'), line(state))
  fill(byId('connect-hint'), hint(state, room))
  byId('disconnect').hidden = link.name === 'closed'
  const done = { connect: link.name === 'ready', join: state.joined, subscribe: state.subscribed }
  const next = STEPS.find((id) => !done[id])
  for (const id of STEPS) {
    byId(id).classList.toggle('done', done[id])
    byId(id).classList.toggle('primary', id === next)
  }
}

const HELP = {
  unreachable: ' Is the peer running, with --sc-bridge 1, on this port?',
  token: ' It is the one the peer was started with.',
}

function showFault (error) {
  const field = error.code === 'token' ? 'token' : 'url'
  fieldError(field, visible(error.message) + (HELP[error.code] ?? ''))
  byId('connection').open = true
}

function line ({ link, channel: room, joined, subscribed }) {
  if (link.name === 'closed') return 'not connected'
  if (link.name === 'connecting') return 'connecting…'
  if (link.name === 'waiting') return 'connection lost'
  return [visible(room), joined && 'joined', subscribed && 'subscribed'].filter(Boolean).join(' · ')
}

function hint ({ link, joined, subscribed, peer }, room) {
  if (link.name === 'waiting') {
    const now = el('button', { type: 'button', class: 'link', on: { click: () => room.retryNow() } }, 'Try now')
    const at = new Date(link.retryAt).toLocaleTimeString()
    return ['The connection to the peer broke off. Next try at ', at, '. ', now]
  }
  if (link.name !== 'ready') return []
  if (!joined) return ['Connected. Join the channel to send entries to it.']
  if (!subscribed) return ['Joined. Subscribe to see only this channel, as it happens.']
  return [`The peer is ${shortKey(peer?.address ?? peer?.key ?? 'unknown')}.`]
}
