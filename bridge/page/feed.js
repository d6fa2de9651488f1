/** Live Feed: what the peer answers and what the channel says, oldest first. */

import { el, fill, onSubmit, ui } from './dom.js'
import { explain, warn } from './notices.js'
import { chat } from './room.js'
import { watch } from './store.js'
import { clock, shortKey } from './text.js'

const NEAR_END_PX = 40

let last = null

onSubmit('chat-form', send)
watch(['feed'], append)

/** Only what is new is added: a log is read out as it grows. */
function append ({ feed }) {
  const box = ui.feed
  const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END_PX
  if (feed.length === 0) fill(box)
  box.append(...feed.slice(feed.indexOf(last) + 1).map(line))
  while (box.childElementCount > feed.length) box.firstElementChild.remove()
  if (atEnd) box.scrollTop = box.scrollHeight
  last = feed.at(-1)
}

function line ({ at, kind, text, who }) {
  const words = el('span.text', who && el('b', { title: who }, `${shortKey(who)} `), el('bdi', text))
  return el(`div.log.${kind}`, clock(at), ' ', el('span.tag', kind), ' ', words)
}

async function send () {
  try {
    if (ui.chat.value.trim()) await chat(ui.chat.value.trim())
    ui.chat.value = ''
  } catch (error) {
    warn(explain(error))
  }
}
