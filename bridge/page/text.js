/**
 * Text that strangers wrote, made safe for the eye: it can't reorder or hide what
 * stands around it (docs/spec/16-ledger.md, section 4.6).
 */

import { el } from './dom.js'

const UNSEEN =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g
const LONG_CHARS = 240

/** Control and direction characters become visible: U+202E shows as "⟨202E⟩". */
export function visible (text) {
  return String(text).replace(UNSEEN, (c) => {
    if (c === '\u200d') return c /* joins emoji, moves nothing */
    return `⟨${c.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}⟩`
  })
}

/** The same for a text of several lines, which stay lines. */
export function visibleLines (text) {
  return text.split('\n').map(visible).join('\n')
}

/** A name as an element that keeps its direction to itself. */
export function name (text) {
  return el('bdi', { class: 'name' }, visible(text))
}

/** Names in a row, with commas between. */
export function names (list) {
  return list.flatMap((text, i) => (i === 0 ? [name(text)] : [', ', name(text)]))
}

/** A note or a message; a long one is cut, with a button that shows the rest. */
export function prose (text) {
  const all = visible(text)
  const node = el('bdi', {}, all)
  if (all.length <= LONG_CHARS) return node
  node.textContent = `${all.slice(0, LONG_CHARS)}…`
  const more = el('button', { type: 'button', class: 'link' }, 'Show all')
  more.addEventListener('click', () => {
    node.textContent = all
    more.remove()
  })
  return el('span', {}, node, ' ', more)
}

/** "trac1j8w…hsyrq": enough of a key or an address to tell two apart. */
export function shortKey (key) {
  const text = visible(key)
  return text.length <= 16 ? text : `${text.slice(0, 9)}…${text.slice(-5)}`
}

/** A time of day; strangers choose `ms`, so it need not be a date at all. */
export function clock (ms) {
  const at = new Date(ms)
  if (Number.isNaN(at.getTime())) return 'no date'
  return el('time', { datetime: at.toISOString() }, at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }))
}

/** "1 entry", "2 entries" */
export function count (n, one, many) {
  return `${n} ${n === 1 ? one : many}`
}
