"""Every verb of the program: where it lives and what it does, in one line.

The table is all that `billstream --help` reads, so a verb costs its own imports and no other's.
To add a verb: a function in a module of this folder, one line here.
"""

from typing import NamedTuple


class Verb(NamedTuple):
    """`target` is `module:attribute`, imported when the verb is used."""

    target: str
    help: str


NOUNS: dict[str, str] = {
    "account": "Customers: list, search, show, bill, erase, delete",
    "account-package": "Packages held by accounts: list, show, cancel, suspend, price",
    "ar-term": "Payment terms and dunning rules: list, show, delete",
    "bill-group": "Sets of accounts billed alike",
    "bill-run": "What to bill: list, schedule, preview, scheduled, completed",
    "clock": "The time: show; advance it in a sandbox",
    "credit": "Credits given by hand: add, list, remove",
    "exchange-rates": "Named sets of exchange rates",
    "execution": "One run: show, watch, failures, retry, replay, cancel, reverse",
    "gl-code": "Accounts of the books that transactions post to: list, show, delete",
    "history": "Every event ever recorded: list, show a stream, export",
    "import": "Bring in customers from a file",
    "invoice": "Invoices: list, show, export, void, credit",
    "ledger": "The books: journal, trial balance, export, close a period",
    "package": "The catalogue of packages",
    "payment": "Money that comes and goes: list, record, collect, refund",
    "payment-method": "How accounts pay: list, add, change, remove",
    "contract": "Commitments of accounts: list, show, give notice, terminate",
    "dead-letters": "Commands by topic that were not done: list, show, resend",
    "restore": "Go on after an older database was restored",
    "stack": "Real servers on this computer: PostgreSQL and Kafka",
    "topics": "The owner's topics on Kafka: create, list",
    "views": "What is seen: list the views, rebuild them from history",
}

VERBS: dict[str, Verb] = {
    "demo": Verb("infra.cli.demo:demo", "Watch a bill run happen, from nothing to invoices"),
    "init": Verb("infra.cli.init:init", "Make a database, or a sandbox with its own clock"),
    "apply": Verb("infra.cli.apply:apply", "Make the setup as a file says it"),
    "explain": Verb("infra.cli.proof:explain", "Show why an invoice line is what it is"),
    "verify": Verb("infra.cli.proof:verify", "Check the whole history and everything made of it"),
    "scheduler": Verb("infra.cli.scheduler:scheduler", "Fire schedules as they fall due"),
    "run": Verb("infra.cli.run:run", "Work over Kafka: one role, several or all"),
    "lag": Verb("infra.cli.run:lag", "Show how far each consumer is behind"),
    "completion": Verb("infra.cli.completion:completion", "Print the completion of a shell"),
    "account list": Verb("infra.cli.accounts:list_accounts", "List the accounts"),
    "account search": Verb("infra.cli.accounts:search", "Find accounts by number or name"),
    "account show": Verb("infra.cli.accounts:show", "Show one account"),
    "account bill": Verb("infra.cli.schedules:bill_account", "Bill one account now or later"),
    "account balance": Verb("infra.cli.payments:balance", "Show what an account owes"),
    "account charge": Verb("infra.cli.credits:charge", "Charge an account once"),
    "account debit": Verb("infra.cli.credits:debit", "Debit an account by hand"),
    "account transactions": Verb(
        "infra.cli.credits:transactions", "List what was debited and credited by hand"
    ),
    "account erase": Verb("infra.cli.account_changes:erase", "Forget a customer's personal data"),
    "account delete": Verb("infra.cli.account_changes:delete", "Delete an account never billed"),
    "account-package list": Verb(
        "infra.cli.account_packages:list_account_packages", "List packages held by accounts"
    ),
    "account-package show": Verb("infra.cli.account_packages:show", "Show one account-package"),
    "account-package cancel": Verb(
        "infra.cli.account_package_changes:cancel", "Cancel it as of a date"
    ),
    "account-package suspend": Verb(
        "infra.cli.account_package_changes:suspend", "Stop charging from a date on"
    ),
    "account-package resume": Verb(
        "infra.cli.account_package_changes:resume", "Charge again from a date on"
    ),
    "account-package set-price": Verb(
        "infra.cli.account_package_changes:set_price", "Give it a price of its own"
    ),
    "ar-term list": Verb("infra.cli.ar_terms:list_ar_terms", "List the AR terms"),
    "ar-term show": Verb("infra.cli.ar_terms:show", "Show one with its dunning levels"),
    "ar-term delete": Verb("infra.cli.ar_terms:delete", "Delete one that no account has"),
    "credit add": Verb("infra.cli.credits:add", "Credit an account by hand"),
    "credit list": Verb("infra.cli.credits:list_credits", "List credits given by hand"),
    "credit remove": Verb("infra.cli.credits:remove", "Remove one that is not invoiced yet"),
    "bill-group list": Verb("infra.cli.bill_groups:list_bill_groups", "List the bill groups"),
    "bill-group show": Verb("infra.cli.bill_groups:show", "Show one bill group"),
    "bill-group delete": Verb("infra.cli.deletes:bill_group", "Delete one that is not in use"),
    "contract list": Verb("infra.cli.contracts:list_contracts", "List the contracts"),
    "contract show": Verb("infra.cli.contracts:show", "Show one with its commit periods"),
    "contract give-notice": Verb("infra.cli.contracts:give_notice", "Do not renew it any more"),
    "contract terminate": Verb("infra.cli.contracts:terminate", "End it early"),
    "exchange-rates list": Verb(
        "infra.cli.exchange_rates:list_exchange_rates", "List the sets of rates"
    ),
    "exchange-rates show": Verb("infra.cli.exchange_rates:show", "Show one set of rates"),
    "exchange-rates delete": Verb(
        "infra.cli.deletes:exchange_rates", "Delete a set that is not in use"
    ),
    "package list": Verb("infra.cli.packages:list_packages", "List the packages"),
    "package show": Verb("infra.cli.packages:show", "Show one package with its prices"),
    "package delete": Verb("infra.cli.deletes:package", "Delete one that no account holds"),
    "bill-run list": Verb("infra.cli.bill_runs:list_bill_runs", "List the bill runs"),
    "bill-run show": Verb("infra.cli.bill_runs:show", "Show one bill run"),
    "bill-run delete": Verb("infra.cli.deletes:bill_run", "Delete one that is not in use"),
    "bill-run schedule": Verb("infra.cli.schedules:schedule", "Run it now, at a time, or always"),
    "bill-run preview": Verb("infra.cli.runs:preview", "Compute a run and write nothing"),
    "bill-run scheduled": Verb("infra.cli.bill_runs:scheduled", "List what is scheduled to run"),
    "bill-run pause": Verb("infra.cli.schedules:pause", "Pause a schedule"),
    "bill-run resume": Verb("infra.cli.schedules:resume", "Let a paused schedule go on"),
    "bill-run cancel": Verb("infra.cli.schedules:cancel", "Cancel a schedule"),
    "bill-run completed": Verb("infra.cli.bill_runs:completed", "List the executions that ended"),
    "execution show": Verb("infra.cli.executions:show", "Show one execution with its counts"),
    "execution failures": Verb("infra.cli.executions:failures", "List who was not billed and why"),
    "execution left-behind": Verb(
        "infra.cli.executions:left_behind", "List the packages that stayed due"
    ),
    "execution retry": Verb("infra.cli.runs:retry", "Bill the failed invoicers again"),
    "execution replay": Verb("infra.cli.proof:replay", "Compute a past run again and compare"),
    "execution cancel": Verb("infra.cli.runs:cancel", "Stop a running execution"),
    "execution reverse": Verb("infra.cli.corrections:reverse", "Take back all that one billed"),
    "execution watch": Verb(
        "infra.cli.watching:watch_execution", "Watch one that others run until its end"
    ),
    "execution resume": Verb("infra.cli.runs:resume", "Finish one whose process died"),
    "invoice list": Verb("infra.cli.invoices:list_invoices", "List the invoices"),
    "invoice show": Verb("infra.cli.invoices:show", "Show one invoice with its lines"),
    "invoice overdue": Verb("infra.cli.overdue:overdue", "List whom to remind, and what was done"),
    "invoice void": Verb("infra.cli.corrections:void", "Void the latest of an account"),
    "invoice credit": Verb("infra.cli.corrections:credit", "Credit lines with a credit note"),
    "invoice export": Verb("infra.cli.invoices:export", "Write invoices with lines, one by one"),
    "payment list": Verb("infra.cli.payments:list_payments", "List the payments"),
    "payment show": Verb("infra.cli.payments:show", "Show one payment and where it went"),
    "payment record": Verb("infra.cli.payment_changes:record", "Record cash, cheque or transfer"),
    "payment remove": Verb("infra.cli.payment_changes:remove", "Take back a recorded payment"),
    "payment refund": Verb("infra.cli.payment_changes:refund", "Give money back, all or a part"),
    "payment collect": Verb("infra.cli.payments:collect", "Ask the gateway for what is owed"),
    "payment check": Verb("infra.cli.payment_check:check", "Ask whether refunds came back"),
    "payment webhook": Verb("infra.cli.payments:webhook", "Hear a webhook of the gateway"),
    "payment-method list": Verb("infra.cli.payment_methods:list_methods", "List how it pays"),
    "payment-method add": Verb("infra.cli.payment_methods:add", "Add a card or bank account"),
    "payment-method change": Verb("infra.cli.payment_methods:change", "Change one"),
    "payment-method remove": Verb("infra.cli.payment_methods:remove", "Take one away"),
    "gl-code list": Verb("infra.cli.gl_codes:list_gl_codes", "List the GL codes"),
    "gl-code show": Verb("infra.cli.gl_codes:show", "Show one GL code"),
    "gl-code delete": Verb("infra.cli.gl_codes:delete", "Delete a GL code that nothing names"),
    "ledger journal": Verb("infra.cli.ledger:journal", "Show the journal, entry by entry"),
    "ledger trial-balance": Verb(
        "infra.cli.ledger:trial_balance", "Show what stands on every account of the books"
    ),
    "ledger aging": Verb("infra.cli.ledger:aging", "Show what customers owe, by its age"),
    "ledger statement": Verb(
        "infra.cli.ledger:statement", "Show what an account was billed and paid"
    ),
    "ledger export": Verb(
        "infra.cli.ledger:export", "Write the journal as CSV, for hledger or Beancount"
    ),
    "ledger close": Verb("infra.cli.ledger:close", "Close the books up to a day"),
    "history list": Verb("infra.cli.history:list_events", "List events in the order they happened"),
    "history show": Verb("infra.cli.history:show", "Show the events of one stream"),
    "history export": Verb("infra.cli.history:export", "Write every event as a line of JSON"),
    "views list": Verb("infra.cli.views:list_views", "List the views and how far they are"),
    "views rebuild": Verb("infra.cli.views:rebuild", "Build views anew from history"),
    "import customers": Verb(
        "infra.cli.import_customers:customers", "Import customers and packages from CSV"
    ),
    "stack up": Verb("infra.cli.stack:up", "Start a real PostgreSQL and Kafka, keep their data"),
    "stack status": Verb("infra.cli.stack:status", "Show which servers run, and where"),
    "stack down": Verb("infra.cli.stack:down", "Stop the servers; their data stay"),
    "topics create": Verb("infra.cli.topics:create", "Make the topics that are not there"),
    "topics list": Verb("infra.cli.topics:list_topics", "List the topics and their settings"),
    "dead-letters list": Verb("infra.cli.dead_letters:list_letters", "List them, oldest first"),
    "dead-letters show": Verb("infra.cli.dead_letters:show", "Show one with its reason and bytes"),
    "dead-letters resend": Verb("infra.cli.dead_letters:resend", "Send them to the commands again"),
    "restore finish": Verb("infra.cli.restore:finish", "Begin a new epoch from this database"),
    "restore commands": Verb("infra.cli.restore:commands", "Do again what a restore has lost"),
    "clock show": Verb("infra.cli.clock:show", "Show the time that schedules go by"),
    "clock advance": Verb("infra.cli.clock:advance", "Move a sandbox's clock, firing what is due"),
}
