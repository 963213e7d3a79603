"""The README's pictures of the desk, taken anew: `python -m benchmarks.pictures`. Chromium, an instance of its own, and the pairs beside the pictures."""

from __future__ import annotations

import base64
import os
import shutil

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from benchmarks.browsing import FLAGS
from benchmarks.instance import ROOT, Instance

FOLDER = ROOT / "docs" / "pictures"
PASSWORD = "loud-pencil-orbit-seven"
PEOPLE = f"""
from accounts.models import User
from labeling.models import Campaign, Membership
lena = User.objects.create_user(username="lena", password="{PASSWORD}")
for campaign in Campaign.objects.all():
    Membership.objects.create(campaign=campaign, user=lena, role="labeler")
    Campaign.objects.filter(pk=campaign.pk).update(name="Everyday helpfulness")
"""
SHOTS = {"wide": (ViewportSize(width=1440, height=900), "light"), "narrow": (ViewportSize(width=390, height=844), "dark")}
AS_WEBP = """async (png) => {
    const picture = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
    const canvas = Object.assign(document.createElement("canvas"), { width: picture.width, height: picture.height });
    canvas.getContext("2d").drawImage(picture, 0, 0);
    return canvas.toDataURL("image/webp", 0.92).split(",")[1]; }"""


def main() -> None:
    instance = Instance(port=18150)
    instance.start()
    try:
        for name in SHOTS:
            instance.manage("import_pairs", str(FOLDER / f"{name}.jsonl"), "--campaign", name, "--create", "--overlap", "2")
        instance.manage("shell", "-c", PEOPLE)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"), args=FLAGS)
            for name in SHOTS:
                take(browser, instance.base, name)
            browser.close()
    finally:
        instance.stop()


def take(browser: Browser, base: str, name: str) -> None:
    size, theme = SHOTS[name]
    is_phone = name == "narrow"
    context = browser.new_context(viewport=size, color_scheme="dark" if theme == "dark" else "light", has_touch=is_phone, is_mobile=is_phone)
    page = context.new_page()
    sign_in(page, base)
    page.goto(f"{base}/c/{name}/work/")
    page.keyboard.press("a")
    page.keyboard.press("2")
    page.wait_for_timeout(1000)
    write(context.new_page(), page.screenshot(), name)
    context.close()


def sign_in(page: Page, base: str) -> None:
    page.goto(f"{base}/login/")
    page.fill("[name=username]", "lena")
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{base}/")


def write(blank: Page, png: bytes, name: str) -> None:
    webp = blank.evaluate(AS_WEBP, base64.b64encode(png).decode())
    (FOLDER / f"desk-{name}.webp").write_bytes(base64.b64decode(webp))


if __name__ == "__main__":
    main()
