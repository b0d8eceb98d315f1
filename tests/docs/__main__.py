"""`make docs`: writes the pages of the reference that are made from the code, and the outputs of
the documents that are executed.
"""

from tests.docs import shell
from tests.docs.executed import DOCUMENTS, refreshed
from tests.docs.reference import pages
from tests.docs.shell import SHELL_DOCUMENT
from tests.support.sources import named

for path, made in pages().items():
    path.write_text(made())
    print(f"made {named(path)}")
for path in DOCUMENTS:
    path.write_text(refreshed(path.read_text()))
    print(f"executed {named(path)}")
SHELL_DOCUMENT.write_text(shell.refreshed(SHELL_DOCUMENT.read_text()))
print(f"executed {named(SHELL_DOCUMENT)}")
