/**
 * Money is an integer of minor units (cents). It is never divided as a fraction and
 * never becomes one: texts are made by cutting digits.
 */

const EXPONENT = 2

/** 3000 -> "30.00", -5 -> "-0.05" */
export function formatMinor (minor, exponent = EXPONENT) {
  const sign = minor < 0 ? '-' : ''
  const digits = String(Math.abs(minor)).padStart(exponent + 1, '0')
  if (exponent === 0) return sign + digits
  return `${sign}${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`
}

/** The ledger's own form: "+15.00", "-15.00", "+0.00" */
export function formatSigned (minor, exponent = EXPONENT) {
  return (minor < 0 ? '' : '+') + formatMinor(minor, exponent)
}

/** What an equal share of `minor` over `count` people comes to, in words. */
export function equalShare (minor, count) {
  const left = minor % count
  const floor = (minor - left) / count
  if (left === 0) return `${formatMinor(floor)} each`
  return `${formatMinor(floor)} or ${formatMinor(floor + 1)} each`
}

/** A length for a bar: `part` of `whole` as a percentage, for the eye only. */
export function percentOf (part, whole) {
  return whole === 0 ? 0 : Math.round((Math.abs(part) / whole) * 1000) / 10
}
