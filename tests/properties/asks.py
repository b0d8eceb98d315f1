"""What may be asked of a small business, as strategies: a few accounts, everything else about
them open.
"""

from typing import Any

from hypothesis import strategies as st

from tests.properties.shop import ZONE, Ask, Days, Run

CURRENCIES = ("USD", "EUR", "GBP", "JPY")
ACCOUNTS = ("A", "B", "C", "D", "E")
REFS = tuple(f"{account}/{n}" for account in ACCOUNTS for n in (1, 2))
GROUPS = ("First", "Second")
RUNS = ("Everything", "First only", "Charge only", "Invoice only")
BOTH = ["bill_packages", "generate_invoice"]

PACKAGES: dict[str, dict[str, Any]] = {
    "monthly": {"frequency": "monthly"},
    "monthly ahead": {"frequency": "monthly", "billing": "advance"},
    "weekly": {"frequency": "weekly"},
    "quarterly ahead": {"frequency": "quarterly", "billing": "advance"},
    "annual": {"frequency": "annual"},
    "flat": {"frequency": "monthly", "prorate": False},
    "flat ahead": {"frequency": "quarterly", "billing": "advance", "prorate": False},
    "on the 31st": {"frequency": "monthly", "bill_day": 31},
    "once": {"frequency": "once"},
}
BUNDLE = "bundle"
PRORATED = ("monthly", "monthly ahead", "weekly", "quarterly ahead", "annual", "on the 31st")

near = st.integers(-70, 70).map(Days)
bill_days = st.sampled_from([1, 15, 31])
amounts = st.sampled_from(["31", "0", "10", "365", "30.99", "0.01", "1.01"])
catch_ups = st.sampled_from(["one", "all", "2"])


def priced(amount: str) -> dict[str, str]:
    return dict.fromkeys(CURRENCIES, amount)


def _services(amount: str) -> list[dict[str, Any]]:
    return [
        {"code": code, "name": code, "prices": priced(amount), "gl_code": "4000"}
        for code in ("line", "modem")
    ]


def catalogue() -> list[Ask]:
    """Everything there is to sell, at 31 of each currency."""
    plain = [
        Ask("catalogue", code, {"name": code, "prices": priced("31"), **words})
        for code, words in PACKAGES.items()
    ]
    bundle = {"name": "Bundle", "frequency": "monthly", "services": _services("7")}
    return [*plain, Ask("catalogue", BUNDLE, bundle)]


def business(rounding: str, rates: dict[str, str]) -> list[Ask]:
    """The business itself: its groups, its bill runs and all it sells."""
    owner = {
        "name": "Acme",
        "currency": "USD",
        "currencies": list(CURRENCIES),
        "time_zone": ZONE,
        "rounding": rounding,
        "invoice_numbers": {"prefix": "INV-", "start": 1, "length": 4},
    }
    runs = {
        "Everything": {"actions": BOTH, "bill_groups": list(GROUPS), "exchange_rates": "current"},
        "First only": {"actions": BOTH, "bill_groups": ["First"], "exchange_rates": "Base"},
        "Charge only": {
            "actions": BOTH[:1],
            "bill_groups": list(GROUPS),
            "exchange_rates": "current",
        },
        "Invoice only": {
            "actions": BOTH[1:],
            "bill_groups": list(GROUPS),
            "exchange_rates": "current",
        },
    }
    return [
        Ask("owner", words=owner),
        Ask("rates", "Base", {"effective": Days(-100), "rates": rates}),
        Ask("group", "First", {"bill_day": 1, "payment_term": "net 20"}),
        Ask("group", "Second", {"bill_day": 15, "due_date": "render_date"}),
        *(Ask("bill run", name, words) for name, words in runs.items()),
        *catalogue(),
    ]


roundings = st.sampled_from(["half_up", "half_even"])


rates = st.sampled_from(
    [{"EUR": "0.85", "GBP": "0.79", "JPY": "151.37"}, {"EUR": "0.85"}, {"GBP": "0.79"}]
)


@st.composite
def openings(draw: st.DrawFn) -> list[Ask]:
    """Accounts in families, with a package each."""
    asks: list[Ask] = []
    group = draw(st.sampled_from(GROUPS))
    for number in ACCOUNTS:
        words: dict[str, Any] = {
            "name": f"Customer {number}",
            "currency": draw(st.sampled_from(CURRENCIES)),
            "bill_group": group,
        }
        payer = draw(st.sampled_from(["A", "B", number])) if number > "B" else number
        if payer != number:
            words |= {"parent": payer, "invoicer": "parent"}
        asks.append(Ask("account", number, words))
        asks += [draw(taking(f"{number}/{n}")) for n in ((1, 2) if number < "C" else (1,))]
    return asks


@st.composite
def taking(draw: st.DrawFn, ref: str | None = None) -> Ask:
    """An account takes a package."""
    words: dict[str, Any] = {
        "package": draw(st.sampled_from([*PACKAGES, BUNDLE])),
        "effective": draw(near),
    }
    if draw(st.booleans()):
        words |= draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "billed_to": near,
                    "cancel": near,
                    "price": amounts,
                    "bill_day": bill_days,
                },
            )
        )
    return Ask("package", ref or draw(st.sampled_from(REFS)), words)


refs = st.sampled_from([ref for ref in REFS if ref.endswith("1") or ref < "C"])


@st.composite
def terms(draw: st.DrawFn) -> Ask:
    """What a package charges changes."""
    ref, day = draw(refs), draw(near)
    match draw(st.sampled_from(["cancel", "withdraw", "suspend", "resume", "price"])):
        case "cancel":
            return Ask("cancel", ref, {"as_of": day})
        case "withdraw":
            return Ask("package", ref, {"cancel": None})
        case "suspend":
            length = draw(st.none() | st.integers(1, 50))
            until = None if length is None else Days(day.n + length)
            return Ask("suspend", ref, {"start": day, "until": until})
        case "resume":
            return Ask("resume", ref, {"as_of": day})
        case _:
            return Ask("price", ref, {"price": draw(st.none() | amounts), "as_of": day})


@st.composite
def moves(draw: st.DrawFn) -> Ask:
    """When it does changes."""
    if draw(st.booleans()):
        return Ask("package", draw(refs), {"bill_day": draw(bill_days)})
    return Ask("package", draw(refs), {"effective": draw(near)})


@st.composite
def pricing(draw: st.DrawFn) -> Ask:
    """A price changes in the catalogue, from some day on; sometimes there is none any more."""
    since, amount = draw(near), draw(st.sampled_from(["31", "0", "7", "365", None]))
    code = draw(st.sampled_from([*PACKAGES, BUNDLE]))
    if code == BUNDLE:
        services = _services("7")
        services[0]["prices"] = dict.fromkeys(CURRENCIES, amount)
        return Ask("catalogue", code, {"services": services, "prices_from": since})
    prices = dict.fromkeys(CURRENCIES, amount)
    return Ask("catalogue", code, {"prices": prices, "prices_from": since})


statuses = st.builds(
    Ask,
    st.just("account"),
    st.sampled_from(ACCOUNTS),
    st.sampled_from(["suspended", "active", "closed"]).map(lambda status: {"status": status}),
)
exclusions = st.builds(
    Ask,
    st.just("group"),
    st.sampled_from(GROUPS),
    st.lists(st.sampled_from(ACCOUNTS), max_size=2).map(lambda numbers: {"exclude": numbers}),
)


@st.composite
def account_changes(draw: st.DrawFn) -> Ask:
    number = draw(st.sampled_from(ACCOUNTS))
    return Ask(
        "account",
        number,
        draw(
            st.one_of(
                st.fixed_dictionaries({"bill_day": bill_days}),
                st.fixed_dictionaries({"bill_group": st.sampled_from(GROUPS)}),
                st.fixed_dictionaries({"invoicer": st.sampled_from(["self", "A", "B"])}),
            )
        ),
    )


@st.composite
def group_changes(draw: st.DrawFn) -> Ask:
    return Ask(
        "group",
        draw(st.sampled_from(GROUPS)),
        draw(
            st.one_of(
                st.fixed_dictionaries({"render_threshold": st.sampled_from(["0", "40", "1000"])}),
                st.fixed_dictionaries({"zero_invoices": st.booleans()}),
            )
        ),
    )


@st.composite
def rate_changes(draw: st.DrawFn) -> Ask:
    """A new set, or a missing rate of an old one."""
    name = draw(st.sampled_from(["Base", "Newer", "Newest"]))
    words: dict[str, Any] = {"rates": draw(rates)}
    if name != "Base":
        words["effective"] = draw(near)
    return Ask("rates", name, words)


numberings = st.sampled_from(
    [{"prefix": "N"}, {"length": 2}, {"start": 500}, {"start": 1000, "prefix": "M-"}]
).map(lambda numbers: Ask("owner", words={"invoice_numbers": numbers}))

deletions = st.sampled_from(ACCOUNTS[2:]).map(lambda number: Ask("delete account", number))

runs = st.builds(
    Run,
    bill_run=st.sampled_from(RUNS),
    start=st.integers(-60, 10),
    length=st.integers(0, 120),
    catch_up=catch_ups,
    posting=st.none() | st.integers(-10, 10),
    account=st.none(),
)
account_runs = st.builds(
    Run,
    bill_run=st.sampled_from(RUNS),
    start=st.integers(-60, 10),
    length=st.integers(0, 120),
    catch_up=catch_ups,
    posting=st.none(),
    account=st.sampled_from(ACCOUNTS),
)
