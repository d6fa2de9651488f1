/** What happened, with a way back; what went wrong, until it's dismissed. */

import { button, el, fill, ui } from './dom.js'
import * as room from './room.js'

const SHOWN_MS = 12_000
const MAYBE = {
  lost: ' It may have been done: look before you repeat it.',
  timeout: ' It may still come: look before you repeat it.',
}
let timer = 0

export function say (text, undo) {
  clearTimeout(timer)
  fill(ui.alert)
  fill(ui.status, text && el('p', text), undo && button('.link', 'Undo', () => attempt(undo)))
  timer = setTimeout(() => fill(ui.status), SHOWN_MS)
}

export function warn (text) {
  fill(ui.status)
  fill(ui.alert, el('p', text), button('.link', 'Dismiss', () => fill(ui.alert)))
}

/** Resolves with what `work` did, if it did. */
export async function attempt (work) {
  try {
    const done = await work()
    say(done.text, done.undo)
    return done
  } catch (error) {
    warn(explain(error))
  }
}

export const run = (line) => attempt(() => room.say(line))

/** `words` of the answer to a line, or why there is none. */
export async function ask (node, line, words) {
  fill(node, await room.say(line).then(({ result }) => words(result), explain))
}

export async function copy (text, done) {
  try {
    await navigator.clipboard.writeText(text)
    say(done)
  } catch {
    warn('This browser does not let a page copy. Select the text instead.')
  }
}

export const explain = (error) => error.message + (MAYBE[error.code] ?? '')
