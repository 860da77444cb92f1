"""What a first start puts in place: an admin, and for the demo a few agents and customers of Fernhill."""

from __future__ import annotations

import secrets

from core.clock import Clock
from core.database import Database
from customers.demo import seed_customers
from handoff.records import Role
from handoff.staff import add_staff, anybody_on_staff, set_active
from server.settings import Settings

DEMO_CUSTOMER = "demo-dana"
"""The demo customer that the demo page is signed in as."""
DEMO_STAFF: tuple[tuple[str, str, Role], ...] = (
    ("maya@fernhill.example", "Maya Ortiz", "agent"),
    ("jonas@fernhill.example", "Jonas Lindgren", "agent"),
    ("amara@fernhill.example", "Amara Osei", "lead"),
)
DEMO_PASSWORD = "fernhill-demo"  # noqa: S105 - the demo's, told in the README and off with BATON_DEMO=false


async def keep_demo_accounts(database: Database, settings: Settings) -> None:
    """Let the demo's accounts in while the demo is on, and nobody by their published password when it is off."""
    async with database.write() as tx:
        await set_active(tx, [address for address, _name, _role in DEMO_STAFF], settings.demo)


async def first_start(database: Database, settings: Settings, clock: Clock) -> str | None:
    """Make the first accounts where there are none; returns a password that was made up, to be shown once."""
    async with database.read() as reader:
        if await anybody_on_staff(reader):
            return None
    made_up = None
    password = settings.admin_password.get_secret_value()
    if not password:
        made_up = password = secrets.token_urlsafe(12)
    email = settings.admin_email or "admin@localhost.localdomain"
    await add_staff(database, email=email, name="Administrator", role="admin", password=password, at=clock.now())
    if settings.demo:
        for address, name, role in DEMO_STAFF:
            await add_staff(database, email=address, name=name, role=role, password=DEMO_PASSWORD, at=clock.now())
        async with database.write() as tx:
            await seed_customers(tx, clock.now())
    return None if made_up is None else f"{email} / {made_up}"
