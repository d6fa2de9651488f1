/** The Connection card: three steps in, and a sentence for everything that stops them. */

import { button, fieldError, fill, onPress, onSubmit, setText, ui, value } from './dom.js'
import { browser, configuredBridge, tab, takeFragment } from './memory.js'
import { retryNow } from './connection.js'
import * as room from './room.js'
import { state, watch } from './store.js'
import { LINK } from './text.js'

const STEPS = ['connect', 'join', 'subscribe']
const HELP = {
  unreachable: ' Is the peer running, with --sc-bridge 1, on this port?',
  token: ' It is the one the peer was started with.',
}

onSubmit('connect-form', connect)
onPress('join', () => step('join'))
onPress('subscribe', () => step('subscribe'))
onPress('disconnect', leave)
watch(['channel'], ({ channel }) => {
  ui.channel.value = channel || ui.channel.value
})
watch(['link', 'joined', 'subscribed', 'channel'], render)
watch(['joined', 'subscribed'], ({ joined, subscribed }) => {
  const card = ui.connection
  if (!joined || !subscribed) return
  if (card.contains(document.activeElement)) card.querySelector('summary').focus()
  card.open = false
})

/** Fill the form from what the server, the fragment and the tab know; go in if that's enough. */
export async function prefill () {
  const given = takeFragment()
  const goIn = given.token || tab.get('in')
  ui.token.value = given.token || tab.get('token')
  ui.channel.value = given.channel || browser.get('channel')
  const bridge = (!given.token && tab.get('url')) || (await configuredBridge())
  if (bridge && ui.url.value === ui.url.defaultValue) ui.url.value = bridge
  if (goIn && (await connect()) && (await step('join'))) await step('subscribe')
}

async function connect () {
  clearErrors()
  tab.set('token', ui.token.value)
  tab.set('url', value('url'))
  browser.set('channel', value('channel'))
  try {
    await room.connect(value('url'), ui.token.value, value('channel'))
    tab.set('in', '1')
    return true
  } catch {
    document.querySelector('#connect-form [aria-invalid]')?.focus()
    return false /* what went wrong stands in the state, and render shows it */
  }
}

/** Join and Subscribe need a connection; without one they say so at the form. True when done. */
async function step (name) {
  clearErrors()
  const ready = state.link.name === 'ready'
  try {
    if (ready) await room.step(name, value('channel'))
    else setText(ui.connectHint, 'Connect first.')
    browser.set('channel', value('channel'))
  } catch (error) {
    fieldError('channel', error.message)
    ui[name].focus()
    return false
  }
  return ready
}

function leave () {
  tab.set('in', '')
  tab.set('token', '')
  ui.token.value = ''
  room.disconnect()
  ui.connect.focus()
}

function clearErrors () {
  for (const id of ['url', 'token', 'channel']) fieldError(id, '')
}

function render () {
  const { link, joined, subscribed, channel } = state
  const done = { connect: link.name === 'ready', join: joined, subscribe: subscribed }
  if (done.connect) clearErrors()
  if (link.error) fieldError(link.error.code === 'token' ? 'token' : 'url', link.error.message + (HELP[link.error.code] ?? ''))
  if (link.error || link.name === 'waiting') ui.connection.open = true
  setText(ui.connectionLine, done.connect ? [channel, joined && 'joined', subscribed && 'subscribed'].filter(Boolean).join(' · ') : LINK[link.name])
  fill(ui.connectHint, hint(state))
  ui.disconnect.hidden = link.name === 'closed'
  for (const id of STEPS) {
    ui[id].classList.toggle('done', done[id])
    ui[id].classList.toggle('primary', id === STEPS.find((next) => !done[next]))
  }
}

function hint ({ link, joined, subscribed }) {
  if (link.name === 'waiting') return ['The connection to the peer broke off. ', button('.link', 'Try now', retryNow)]
  if (link.name !== 'ready') return
  if (!joined) return 'Join the channel to send entries to it.'
  if (!subscribed) return 'Subscribe to see only this channel, as it happens.'
}
