/* Currencies: their codes, their decimals, and one turned into another. */
#include <string.h>

#include "intercom/error.h"
#include "intersplit/money.h"
#include "money/money.h"
#include "text/reason.h"

#define CODE_LEAST 2
#define ISO_LETTERS 3
#define RATE_DIGITS 15

__extension__ typedef unsigned __int128 product;

bool isplit__code_listed(const char *codes, const char *code)
{
    size_t len = strlen(code);

    for (const char *at = codes; len && (at = strstr(at, code)); at += len) {
        if ((at == codes || at[-1] == ' ') && (at[len] == ' ' || !at[len]))
            return true;
    }
    return false;
}

static bool is_letter(char c)
{
    return c >= 'A' && c <= 'Z';
}

int isplit_currency_code(const char *text, size_t len, char out[ISPLIT_CURRENCY_MAX],
                         isplit_reason *why)
{
    char code[ISPLIT_CURRENCY_MAX] = "";
    bool letters = false;
    bool good = len >= CODE_LEAST && len < ISPLIT_CURRENCY_MAX;

    for (size_t i = 0; good && i < len; i++) {
        char c = text[i];
        code[i] = (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
        letters = letters || is_letter(code[i]);
        good = is_letter(code[i]) || (c >= '0' && c <= '9');
    }
    if (!good || !letters)
        return isplit__refuse(why,
                              "a currency is 2 to 12 letters and digits, such as EUR");
    memcpy(out, code, sizeof code);
    return 0;
}

bool isplit_currency_known(const char *text, size_t len)
{
    static const char iso[] =
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD "
        "BTN BWP BYN BZD CAD CDF CHF CLF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP "
        "ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR "
        "IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL "
        "LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR "
        "NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD "
        "SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX "
        "USD UYI UYU UYW UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG";
    char code[ISPLIT_CURRENCY_MAX];

    return isplit_currency_code(text, len, code, NULL) == 0 && len == ISO_LETTERS &&
           isplit__code_listed(iso, code);
}

unsigned isplit_currency_exponent(const char *code)
{
    static const char none[] =
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
    static const char three[] = "BHD IQD JOD KWD LYD OMR TND";

    return isplit__code_listed(none, code)        ? 0
           : isplit__code_listed(three, code)     ? 3
           : isplit__code_listed("CLF UYW", code) ? 4
                                                  : 2;
}

static int read_rate(const char *rate, isplit__number *n, isplit_reason *why)
{
    size_t digits = strspn(rate, "0123456789");
    const char *more = rate + digits + (rate[digits] == '.');
    size_t decimals = strspn(more, "0123456789");

    *n = (isplit__number){.decimals = (unsigned)decimals};
    for (const char *at = rate; *at && digits + decimals <= RATE_DIGITS; at++)
        n->digits = *at >= '0' && *at <= '9' ? n->digits * 10 + (*at - '0') : n->digits;
    if (more[decimals] || !n->digits || digits + decimals > RATE_DIGITS)
        return isplit__refuse(why,
                              "a rate is a number above zero such as 0.9215, of at most "
                              "15 digits");
    return 0;
}

int isplit_money_convert(int64_t minor, unsigned exponent, const char *rate,
                         unsigned to_exponent, int64_t *converted, isplit_reason *why)
{
    isplit__number n;

    if (minor < 1 || minor > ISPLIT_MONEY_MAX_MINOR ||
        exponent > ISPLIT_MONEY_MAX_EXPONENT || to_exponent > ISPLIT_MONEY_MAX_EXPONENT)
        return isplit__refuse(why, "an amount this large is not accepted");
    int err = read_rate(rate, &n, why);
    if (err)
        return err;
    /* At most 10^13 * 10^15 * 10^9: far below 2^128. */
    product up =
        (product)minor * (product)n.digits * (product)isplit__power_of_ten(to_exponent);
    product down = (product)isplit__power_of_ten(exponent) *
                   (product)isplit__power_of_ten(n.decimals);
    product v = (up + down / 2) / down;
    if (!v || v > (product)ISPLIT_MONEY_MAX_MINOR)
        return isplit__refuse(why, "by this rate the amount comes to %s",
                              v ? "more than is accepted" : "less than one unit");
    *converted = (int64_t)v;
    return 0;
}
