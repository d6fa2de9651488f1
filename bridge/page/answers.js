/** Answers in words: `text` for the notice, `line` for the feed, `undo` is the line that takes it back. */

import { count, money, payment, signed } from './text.js'

const BACK = { added: 'void', refunded: 'void', paid: 'void', voided: 'unvoid', unvoided: 'void', amended: '', acked: '', disputed: '' }
const AGREED = ['recurring', 'room', 'member']
const ANSWERS = {
  balance: ({ summary }) => ({ text: settlements(summary).join(', ') || 'All settled.', line: table(summary) }),
  persisted,
  restored,
  exported: (exported) => ({ text: `Export as ${exported.format} is ready.`, exported }),
  cleared: ({ removed }) => ({ text: `Cleared ${entries(removed)}. Nothing is deleted.`, line: `cleared removed=${removed}`, undo: 'unvoid clear' }),
}

export function inWords (answer, words) {
  const kind = answer?.type.replace('expense_', '')
  if (AGREED.includes(kind)) return { line: words }
  return kind in BACK ? happened(kind, answer.event) : (ANSWERS[kind]?.(answer) ?? {})
}

/** Without an event: a clear, or what comes again. */
function happened (kind, event) {
  const deed = kind === 'acked' ? 'confirmed' : kind
  const line = event ? `${deed} ${brief(event)}` : deed
  return { text: `${line[0].toUpperCase()}${line.slice(1)}.`, line, undo: event && BACK[kind] && `${BACK[kind]} ${event.txId}` }
}

export const brief = (event) => `${money(event.amountCents, event)} by ${event.payer} split=${event.split.join(',')}`

const entries = (n) => count(n, 'entry', 'entries')

const settlements = (summary) => [summary, ...summary.currencies].flatMap((unit) => unit.settlements.map((one) => payment(unit, one)))

function table (summary) {
  const balances = summary.balances.map(({ member, cents }) => `${member}: ${signed(cents, summary)}`)
  const block = (title, lines) => [`- ${title}:`, ...lines.map((line) => `  ${line}`)]
  return [
    `entries=${summary.eventCount} total=${money(summary.totalCents, summary)}`,
    ...block('balances', balances),
    ...block('settlements', settlements(summary)),
  ].join('\n')
}

function persisted ({ tx, stored, key, count: n }) {
  const line = `persist stored=${stored} tx=${tx ?? 'none'} key=${key} entries=${n}`
  if (tx) return { line, text: `Saved in the contract: ${entries(n)}, tx ${tx}.` }
  return { line, text: `Saved on this machine: ${entries(n)}. Not in the contract.` }
}

function restored ({ added, total, source }) {
  const line = `restored added=${added} total=${total} source=${source}`
  if (source === 'none') return { line, text: 'Nothing was saved for this room.' }
  const where = source === 'contract' ? 'the contract' : 'this machine'
  return { line, text: `Restored from ${where}: ${entries(added)} came back, ${total} in all.` }
}
