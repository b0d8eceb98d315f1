"""Taking things away for good: a piece of setup, an account, the person behind one (R1)."""

from commands.asking import Message, changing
from commands.setup import account as accounts
from commands.setup import ar_term as ar_terms
from commands.setup import bill_group as bill_groups
from commands.setup import bill_run as bill_runs
from commands.setup import exchange_rates as rates
from commands.setup import gl_code as gl_codes
from commands.setup import package as packages


class DeleteBillGroup(Message):
    """Delete a bill group, if no account is in it and no bill run names it."""

    name: str


class DeleteExchangeRates(Message):
    """Delete exchange rates, if nothing has used them and no bill run names them."""

    name: str


class DeleteArTerm(Message):
    """Delete an AR term, if no account has it."""

    name: str


class DeleteGlCode(Message):
    """Delete a general-ledger code, if no service names it."""

    code: str


class DeletePackage(Message):
    """Delete a package of the catalogue, if no account holds it."""

    code: str


class DeleteBillRun(Message):
    """Delete a bill run, if nothing is scheduled for it."""

    name: str


class DeleteAccount(Message):
    """Delete an account with its packages, if it was never billed and nothing depends on it."""

    account: str


class EraseAccount(Message):
    """Forget the personal data of an account for ever: the key of its name is destroyed."""

    account: str


delete_bill_group = changing(
    DeleteBillGroup, "delete_bill_group", lambda w, m: bill_groups.delete_bill_group(w, m.name)
)
delete_exchange_rates = changing(
    DeleteExchangeRates,
    "delete_exchange_rates",
    lambda w, m: rates.delete_exchange_rates(w, m.name),
)
delete_ar_term = changing(
    DeleteArTerm, "delete_ar_term", lambda w, m: ar_terms.delete_ar_term(w, m.name)
)
delete_gl_code = changing(
    DeleteGlCode, "delete_gl_code", lambda w, m: gl_codes.delete_gl_code(w, m.code)
)
delete_package = changing(
    DeletePackage, "delete_package", lambda w, m: packages.delete_package(w, m.code)
)
delete_bill_run = changing(
    DeleteBillRun, "delete_bill_run", lambda w, m: bill_runs.delete_bill_run(w, m.name)
)
delete_account = changing(
    DeleteAccount, "delete_account", lambda w, m: accounts.delete_account(w, m.account)
)
erase_account = changing(
    EraseAccount, "erase_account", lambda w, m: accounts.erase_account(w, m.account)
)
"""Its invoices, charges and dates stay; it is billed as before."""
