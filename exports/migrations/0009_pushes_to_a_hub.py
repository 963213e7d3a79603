import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):

    dependencies = [
        ('exports', '0008_proofs_of_removals'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Push',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('endpoint', models.CharField(help_text='Of the hub.', max_length=200)),
                ('repo', models.CharField(help_text='OWNER/NAME', max_length=100)),
                ('state', models.CharField(choices=[('asked', 'asked'), ('sending', 'being sent'), ('done', 'done'), ('failed', 'failed')], default='asked', max_length=7)),
                ('bytes_done', models.PositiveBigIntegerField(default=0)),
                ('bytes_total', models.PositiveBigIntegerField(default=0)),
                ('attempt', models.PositiveSmallIntegerField(default=0, help_text='Raised by every claim and never lowered: the fencing token.')),
                ('lease_ends_at', models.DateTimeField(null=True)),
                ('commit', models.CharField(blank=True, help_text='What bears the tag.', max_length=64)),
                ('error', models.CharField(blank=True, max_length=500)),
                ('asked_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField(null=True)),
                ('asked_by', models.ForeignKey(help_text='Null: an operator.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='pushes', to='exports.datasetversion')),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('version', 'endpoint', 'repo'), name='version_is_pushed_to_a_repository_once'),
                    models.CheckConstraint(condition=~Q(state='failed') | ~Q(error=''), name='failed_push_has_a_reason'),
                    models.CheckConstraint(condition=Q(state='sending', lease_ends_at__isnull=False) | ~Q(state='sending'), name='push_being_sent_has_a_lease'),
                    models.CheckConstraint(condition=Q(finished_at__isnull=False) & ~Q(commit='') | ~Q(state='done'), name='done_push_names_its_commit'),
                ],
            },
        ),
        migrations.RemoveConstraint(
            model_name='download',
            name='download_says_by_what_right',
        ),
        migrations.AddField(
            model_name='download',
            name='sent_to',
            field=models.CharField(blank=True, db_default='', default='', help_text='Where a push went.', max_length=350),
        ),
        migrations.AlterField(
            model_name='download',
            name='how',
            field=models.CharField(choices=[('session', 'Session'), ('token', 'Token'), ('link', 'Link'), ('push', 'Push')], max_length=7),
        ),
        migrations.AddConstraint(
            model_name='download',
            constraint=models.CheckConstraint(
                condition=Q(how='session', person__isnull=False, token__isnull=True, link__isnull=True)
                | Q(how='token', person__isnull=False, token__isnull=False, link__isnull=True)
                | Q(how='link', person__isnull=True, token__isnull=True, link__isnull=False)
                | Q(how='push', token__isnull=True, link__isnull=True),
                name='download_says_by_what_right',
            ),
        ),
        migrations.AddConstraint(
            model_name='download',
            constraint=models.CheckConstraint(condition=Q(how='push') & ~Q(sent_to='') | ~Q(how='push') & Q(sent_to=''), name='push_says_where_it_went'),
        ),
    ]
