/** Live Feed: what the peer answers and what the channel says, oldest first. */

import { byId, el, fill, onSubmit } from './dom.js'
import { explain, warn } from './notices.js'
import { clock, prose, shortKey } from './text.js'

const NEAR_END_PX = 40

export function mountFeed ({ store, room }) {
  onSubmit(byId('chat-form'), byId('send'), () => send(room))
  let last = null
  store.watch(['feed'], ({ feed }) => {
    last = append(byId('feed'), feed, last)
  })
}

/** Only what is new is added: a log is read out as it grows, not again from the top. */
function append (box, feed, last) {
  const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END_PX
  const fresh = last ? feed.slice(feed.indexOf(last) + 1) : feed
  if (feed.length === 0) fill(box)
  box.append(...fresh.map(line))
  while (box.childElementCount > feed.length) box.firstElementChild.remove()
  if (atEnd) box.scrollTop = box.scrollHeight
  return feed.at(-1) ?? null
}

function line ({ at, kind, text, who }) {
  return el(
    'div',
    { class: `log ${kind}` },
    clock(at),
    el('span', { class: 'tag' }, kind),
    el('div', { class: 'text' }, who && el('b', { title: who }, `${shortKey(who)} `), ...lines(text)),
  )
}

function lines (text) {
  const rows = text.split('\n')
  if (rows.length === 1) return [prose(text)]
  return rows.map((row) => el('div', { class: 'row' }, prose(row)))
}

async function send (room) {
  const text = byId('chat').value.trim()
  if (!text) return
  try {
    await room.chat(text)
    byId('chat').value = ''
  } catch (error) {
    warn(explain(error))
  }
}
