"""Each check of check-template.py against a template that it must refuse, and one that it must take."""

import importlib.util
import pathlib
import unittest

SOURCE = pathlib.Path(__file__).with_name("check-template.py")
specification = importlib.util.spec_from_file_location("check_template", SOURCE)
checks = importlib.util.module_from_spec(specification)
specification.loader.exec_module(checks)


def template(parameters=None, **resources):
    made = {name: {"Type": kind, "Properties": properties} for name, (kind, properties) in resources.items()}
    return {"Parameters": parameters or {}, "Resources": made}


def found(check, template):
    return "\n".join(check(template))


def function(**properties):
    return ("AWS::Lambda::Function", properties)


class Names(unittest.TestCase):
    def test_a_name_has_room_for_the_longest_stack_name(self):
        def schedule(suffix):
            return template(S=("AWS::Scheduler::Schedule", {"Name": {"Fn::Sub": "${AWS::StackName}" + suffix}}))

        self.assertEqual(found(checks.names_have_room_for_the_stacks, schedule("-check-health")), "")
        self.assertIn("65 of 64", found(checks.names_have_room_for_the_stacks, schedule("-check-healthy")))


class LogGroups(unittest.TestCase):
    def refused(self, action="logs:CreateLogGroup", group=None):
        deny = {"Effect": "Deny", "Action": action, "Resource": "*"}
        role = ("AWS::IAM::Role", {"Policies": [{"PolicyDocument": {"Statement": [deny]}}]})
        logging = {"LogGroup": group or {"Ref": "Logs"}}
        made = template(R=role, F=function(Role={"Fn::GetAtt": ["R", "Arn"]}, LoggingConfig=logging))
        return found(checks.roles_make_no_log_groups, made)

    def test_a_role_that_may_create_log_groups_is_refused(self):
        self.assertEqual(self.refused(), "")
        self.assertIn("may create", self.refused(action="logs:DeleteLogGroup"))
        self.assertIn("is not one of the template", self.refused(group="/aws/lambda/x"))


class Alarms(unittest.TestCase):
    def test_a_period_that_a_slow_schedule_leaves_empty_is_refused(self):
        def told(period, metric="EngineChecksFailed"):
            alarm = ("AWS::CloudWatch::Alarm", {"MetricName": metric, "Period": period})
            return found(checks.alarms_outlast_their_schedules, template(A=alarm))

        self.assertEqual(told({"Ref": "HeartbeatSeconds"}), "")
        self.assertEqual(told(21600), "")
        self.assertEqual(told(300, metric="Errors"), "")
        self.assertIn("600 s can pass", told(600))


class Flow(unittest.TestCase):
    def told(self, **statement):
        function = {"Fn::GetAtt": ["Step", "Arn"]}
        allow = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": [function], **statement}
        ask = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": {"Fn::GetAtt": ["Queue", "Arn"]}}
        role = ("AWS::IAM::Role", {"Policies": [{"PolicyDocument": {"Statement": [allow, ask]}}]})
        given = {
            "StepArn": function,
            "SendArn": {"Fn::Sub": "arn:${AWS::Partition}:states:::sqs:sendMessage.waitForTaskToken"},
            "QueueUrl": {"Ref": "Queue"},
        }
        machine = {"RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}, "DefinitionSubstitutions": given}
        states = {
            "A": {"Type": "Task", "Resource": "${StepArn}"},
            "B": {"Type": "Task", "Resource": "${SendArn}", "Parameters": {"QueueUrl": "${QueueUrl}"}},
            "C": {"Type": "Wait"},
        }
        made = template(Role=role, Machine=("AWS::StepFunctions::StateMachine", machine))
        return "\n".join(checks.the_flow_may_call_what_it_names(made, {"States": states}))

    def test_a_role_allows_exactly_what_its_states_call(self):
        self.assertEqual(self.told(), "")
        self.assertIn('does not allow lambda:InvokeFunction of {"Fn::GetAtt": ["Step"', self.told(Resource=[]))
        self.assertIn("does not allow lambda:InvokeFunction", self.told(Effect="Deny"))
        self.assertIn("does not allow lambda:InvokeFunction", self.told(Condition={"Bool": {}}))
        self.assertIn("which no state needs", self.told(Resource=[{"Fn::GetAtt": ["Step", "Arn"]}, "*"]))


class Environments(unittest.TestCase):
    def refused(self, value, **parameter):
        made = template({"P": {"Type": "String", **parameter}}, F=function(Environment={"Variables": {"V": value}}))
        return found(checks.environments_fit, made)

    def test_the_longest_values_of_a_function_fit_into_4_kb(self):
        # {"V":"..."} has eight characters around the value.
        self.assertEqual(self.refused({"Ref": "P"}, MaxLength=4087, AllowedPattern="[a-z]*"), "")
        self.assertIn("4097 of 4096", self.refused({"Ref": "P"}, MaxLength=4088, AllowedPattern="[a-z]*"))
        self.assertIn("largest are V", self.refused({"Fn::If": ["C", {"Ref": "P"}, ""]}, MaxLength=5000))
        self.assertIn("of 4096", self.refused({"Fn::Sub": "https://${P}/"}, MaxLength=4090, AllowedPattern="[a-z]*"))

    def test_a_character_counts_as_what_it_becomes(self):
        self.assertIn("of 4096", self.refused({"Ref": "P"}, MaxLength=2050, AllowedPattern="[!-~]*"))
        self.assertIn("of 4096", self.refused({"Ref": "P"}, MaxLength=1050, AllowedPattern="[^/]*"))

    def test_a_parameter_without_a_bound_is_refused(self):
        self.assertIn("nothing bounds V", self.refused({"Ref": "P"}, AllowedPattern="[a-z]{1,9}"))
        self.assertIn("nothing bounds V", self.refused({"Ref": "P"}, Type="Number", MinValue=1))
        self.assertEqual(self.refused({"Ref": "P"}, Type="Number", MaxValue=9), "")
        self.assertEqual(self.refused({"Ref": "P"}, AllowedValues=["on", "off"]), "")

    def test_a_reference_has_the_longest_name_that_cloudformation_makes(self):
        arn = {"Topic": ("AWS::SNS::Topic", {})}
        made = template({}, F=function(Environment={"Variables": {"V": {"Ref": "Topic"}}}), **arn)
        self.assertEqual(checks.most_bytes(made, {"Ref": "Topic"}), 38 + len("arn::sns:::") + 51 + len("-Topic-") + 13)


class Partitions(unittest.TestCase):
    def test_a_partition_and_a_suffix_in_the_template_are_refused(self):
        def policy(text):
            return template(P=("AWS::IAM::Policy", {"Resource": {"Fn::Sub": text}}))

        self.assertEqual(found(checks.partition_and_suffix_are_awss, policy("arn:${AWS::Partition}:s3:::b")), "")
        self.assertEqual(found(checks.partition_and_suffix_are_awss, policy("lambda.amazonaws.com")), "")
        self.assertIn("arn:aws:s3", found(checks.partition_and_suffix_are_awss, policy("arn:aws:s3:::b")))
        self.assertIn("sns.", found(checks.partition_and_suffix_are_awss, policy("sns.${AWS::Region}.amazonaws.com")))

    def test_a_partition_in_the_code_is_refused(self):
        def told(text, path="functions/a/src/lib.rs"):
            return "\n".join(checks.code_has_no_partition({path: text}))

        self.assertIn("lib.rs:2: let a", told('let b = 1;\nlet a = "https://s3.amazonaws.com";'))
        self.assertIn("arn:aws:", told('let a = "arn:aws:s3:::b";'))
        self.assertIn("console", told('let a = "https://console.aws.amazon.com/x";'))
        self.assertEqual(told("/// `arn:aws:s3:::b`\n#[cfg(test)]\nlet a = \"arn:aws:s3:::b\";"), "")
        self.assertEqual(told('let a = "arn:aws:s3:::b";', "functions/a/src/tests.rs"), "")


if __name__ == "__main__":
    unittest.main()
