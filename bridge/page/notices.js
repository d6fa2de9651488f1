/**
 * One line that says what just happened, and one that says what went wrong. Both are
 * live regions; the second stays until it's dismissed or something succeeds.
 */

import { byId, el, fill } from './dom.js'
import { visible } from './text.js'

const SHOWN_MS = 8_000
let timer = 0

export function say (text) {
  clearTimeout(timer)
  fill(byId('alert'))
  fill(byId('status'), el('p', {}, visible(text)))
  timer = setTimeout(() => fill(byId('status')), SHOWN_MS)
}

export function warn (text) {
  const close = el('button', { type: 'button', class: 'link', on: { click: () => fill(byId('alert')) } }, 'Dismiss')
  fill(byId('status'))
  fill(byId('alert'), el('p', {}, visible(text)), close)
}

/** Copy `text` and say `done`; not every browser and address allows it. */
export async function copy (text, done) {
  try {
    await navigator.clipboard.writeText(text)
    say(done)
  } catch {
    warn('This browser does not let a page copy. Select the text instead.')
  }
}

/** Words for an error that a command ended with. */
export function explain (error) {
  if (error.code === 'lost') return `${error.message} It may still have been done: look before you repeat it.`
  if (error.code === 'timeout') return `${error.message} It may still come: look before you repeat it.`
  return error.message
}
