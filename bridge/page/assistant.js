/**
 * One line for everything. The peer parses it (`expense_say`): with `dryRun` while one
 * types, so that what Enter will do can be read before, and for real on Enter.
 */

import { byId, el, fieldError, fill, onSubmit, setText } from './dom.js'
import { showExport } from './keep.js'
import { explain, say } from './notices.js'
import { members } from './store.js'
import { visible, visibleLines } from './text.js'

const PREVIEW_AFTER_MS = 150
const HISTORY_LINES = 50
const SUGGESTIONS = 5
const WORDS = ['add', 'balance', 'persist', 'restore', 'export', 'text', 'split', 'note', 'list', 'clear', 'help']

export function mountAssistant ({ store, room }) {
  const line = byId('say')
  const history = new History(line)
  const preview = new Preview(room)
  onSubmit(byId('assistant-form'), byId('run'), () => run(room, history, preview))
  line.addEventListener('keydown', (event) => {
    if (history.key(event) || acceptFirst(event, line)) line.dispatchEvent(new Event('input'))
  })
  line.addEventListener('input', () => {
    fieldError('say', '')
    preview.schedule(line.value.trim())
    suggest(line, store.state)
  })
}

async function run (room, history, preview) {
  const line = byId('say')
  const text = line.value.trim()
  if (!text) return
  preview.stop()
  fieldError('say', '')
  try {
    const { said, outcome } = await room.say(text)
    history.add(text)
    line.value = ''
    setText(byId('say-preview'), said.kind === 'help' ? said.preview : '')
    fill(byId('say-chips'))
    if (outcome.exported) showExport(outcome.exported)
    if (said.kind !== 'help') say(outcome.text || said.preview)
  } catch (error) {
    setText(byId('say-preview'), '')
    fieldError('say', visible(explain(error)))
  }
}

/** What the typed line would do, asked for after a pause; late answers are dropped. */
class Preview {
  #room
  #timer = 0
  #turn = 0

  constructor (room) {
    this.#room = room
  }

  stop () {
    clearTimeout(this.#timer)
    this.#turn += 1
  }

  schedule (text) {
    this.stop()
    if (text) this.#timer = setTimeout(() => this.#ask(text), PREVIEW_AFTER_MS)
    else setText(byId('say-preview'), '')
  }

  async #ask (text) {
    const turn = this.#turn
    let words
    try {
      words = (await this.#room.preview(text)).preview
    } catch (error) {
      words = error.message /* still typing: a hint, no alarm */
    }
    if (turn === this.#turn) setText(byId('say-preview'), visibleLines(words))
  }
}

/** Up and Down bring back earlier lines; the one being written isn't lost. */
class History {
  #line
  #lines = []
  #at = 0
  #draft = ''

  constructor (line) {
    this.#line = line
  }

  add (text) {
    if (this.#lines.at(-1) !== text) this.#lines.push(text)
    this.#lines = this.#lines.slice(-HISTORY_LINES)
    this.#at = this.#lines.length
  }

  /** True when the key moved through the history. */
  key (event) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key]
    const next = this.#at + (step ?? 0)
    if (!step || next < 0 || next > this.#lines.length) return false
    event.preventDefault()
    if (this.#at === this.#lines.length) this.#draft = this.#line.value
    this.#at = next
    this.#line.value = this.#lines[next] ?? this.#draft
    return true
  }
}

/* --- completion of the word at the end --- */

function lastWord (text) {
  return /[^\s,]*$/.exec(text)[0].toLowerCase()
}

function suggest (line, state) {
  const word = lastWord(line.value)
  const fits = word && [...members(state), ...WORDS].filter((known) => known.startsWith(word) && known !== word)
  fill(byId('say-chips'), ...(fits || []).slice(0, SUGGESTIONS).map((known) => chip(line, known)))
}

function chip (line, word) {
  const take = () => {
    complete(line, word)
    line.focus()
    line.dispatchEvent(new Event('input'))
  }
  return el('button', { type: 'button', class: 'chip', 'data-word': word, on: { click: take } }, visible(word))
}

function complete (line, word) {
  line.value = line.value.slice(0, line.value.length - lastWord(line.value).length) + word
}

/** Right at the end of the line takes the first suggestion. */
function acceptFirst (event, line) {
  const first = byId('say-chips').firstElementChild
  if (event.key !== 'ArrowRight' || !first || line.selectionStart !== line.value.length) return false
  event.preventDefault()
  complete(line, first.dataset.word)
  return true
}
