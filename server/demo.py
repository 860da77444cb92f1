"""What every start sees to: an admin who can sign in, and for the demo a few agents and customers of Fernhill."""

from __future__ import annotations

import secrets

from core.clock import Clock
from core.database import Database
from customers.demo import seed_customers
from handoff.records import Role
from handoff.staff import active_accounts, anybody_on_staff, let_admin_in, new_account, put_account, set_active
from server.settings import Settings

DEMO_CUSTOMER = "demo-dana"
"""The demo customer that the demo page is signed in as."""
DEMO_STAFF: tuple[tuple[str, str, Role], ...] = (
    ("maya@fernhill.example", "Maya Ortiz", "agent"),
    ("jonas@fernhill.example", "Jonas Lindgren", "agent"),
    ("amara@fernhill.example", "Amara Osei", "lead"),
)
DEMO_PASSWORD = "fernhill-demo"  # noqa: S105 - the demo's, told in the README and off with BATON_DEMO=false
FIRST_ADMIN = "admin@localhost.localdomain"
_ADDRESSES = [address for address, _name, _role in DEMO_STAFF]


async def keep_accounts(database: Database, settings: Settings, clock: Clock) -> str | None:
    """See to the admin and to the demo's accounts; returns an admin's password that was made up, to be shown once.

    Each step is one transaction and looks at what is there: a start that was killed half way is made good by the next one,
    and replicas that start together make one account each.
    """
    made_up = None
    if settings.admin_email:
        password = settings.admin_password.get_secret_value()
        await let_admin_in(database, email=settings.admin_email, password=password, at=clock.now())
    else:
        made_up = await _first_admin(database, clock)
    await keep_demo(database, settings, clock)
    return made_up


async def _first_admin(database: Database, clock: Clock) -> str | None:
    async with database.read() as reader:
        if await anybody_on_staff(reader, besides=_ADDRESSES):
            return None
    password = secrets.token_urlsafe(12)
    admin, hashed = await new_account(email=FIRST_ADMIN, name="Administrator", role="admin", password=password)
    async with database.write() as tx:
        made = await put_account(tx, admin, hashed, clock.now())
    return f"{FIRST_ADMIN} / {password}" if made else None


async def keep_demo(database: Database, settings: Settings, clock: Clock) -> None:
    """Make the demo's accounts while the demo is on, and let nobody in by their published password when it is off."""
    async with database.read() as reader:
        there = await active_accounts(reader, _ADDRESSES)
    missing = [member for member in DEMO_STAFF if settings.demo and member[0] not in there]
    made = [
        await new_account(email=address, name=name, role=role, password=DEMO_PASSWORD)
        for address, name, role in missing
    ]
    if not made and all(active == settings.demo for active in there.values()):
        return
    async with database.write() as tx:
        for account, hashed in made:
            await put_account(tx, account, hashed, clock.now())
        if made:
            await seed_customers(tx, clock.now())
        await set_active(tx, _ADDRESSES, settings.demo)
